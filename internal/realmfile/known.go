package realmfile

import "strings"

func words(s string) map[string]bool {
	out := map[string]bool{}
	for _, w := range strings.Fields(s) {
		out[w] = true
	}
	return out
}

// The members of Keycloak's representations that are known but not used yet.
// They are kept; what they say is named in a warning.
var (
	knownRealm = words(`displayNameHtml registrationAllowed registrationEmailAsUsername rememberMe verifyEmail
resetPasswordAllowed editUsernameAllowed userManagedAccessAllowed organizationsEnabled adminPermissionsEnabled adminPermissionsClient
verifiableCredentialsEnabled scimApiEnabled
accessTokenLifespanForImplicitFlow accessCodeLifespanUserAction accessCodeLifespanLogin
actionTokenGeneratedByAdminLifespan actionTokenGeneratedByUserLifespan oauth2DeviceCodeLifespan oauth2DevicePollingInterval
clientOfflineSessionIdleTimeout clientOfflineSessionMaxLifespan maxSecondaryAuthFailures
privateKey publicKey certificate codeSecret requiredCredentials defaultRoles
otpPolicyType otpPolicyAlgorithm otpPolicyInitialCounter otpPolicyDigits otpPolicyLookAheadWindow otpPolicyPeriod
otpPolicyCodeReusable otpSupportedApplications
webAuthnPolicyRpEntityName webAuthnPolicySignatureAlgorithms webAuthnPolicyRpId webAuthnPolicyAttestationConveyancePreference
webAuthnPolicyAuthenticatorAttachment webAuthnPolicyRequireResidentKey webAuthnPolicyUserVerificationRequirement
webAuthnPolicyCreateTimeout webAuthnPolicyAvoidSameAuthenticatorRegister webAuthnPolicyAcceptableAaguids webAuthnPolicyExtraOrigins
webAuthnPolicyPasswordlessRpEntityName webAuthnPolicyPasswordlessSignatureAlgorithms webAuthnPolicyPasswordlessRpId
webAuthnPolicyPasswordlessAttestationConveyancePreference webAuthnPolicyPasswordlessAuthenticatorAttachment
webAuthnPolicyPasswordlessRequireResidentKey webAuthnPolicyPasswordlessUserVerificationRequirement
webAuthnPolicyPasswordlessCreateTimeout webAuthnPolicyPasswordlessAvoidSameAuthenticatorRegister
webAuthnPolicyPasswordlessAcceptableAaguids webAuthnPolicyPasswordlessExtraOrigins webAuthnPolicyPasswordlessPasskeysEnabled
browserSecurityHeaders smtpServer loginTheme accountTheme adminTheme emailTheme
eventsEnabled eventsExpiration eventsListeners enabledEventTypes adminEventsEnabled adminEventsDetailsEnabled
identityProviders identityProviderMappers components federatedUsers userFederationProviders userFederationMappers
internationalizationEnabled supportedLocales defaultLocale localizationTexts organizations workflows
authenticationFlows authenticatorConfig requiredActions browserFlow registrationFlow directGrantFlow resetCredentialsFlow
clientAuthenticationFlow dockerAuthenticationFlow firstBrokerLoginFlow keycloakVersion clientProfiles clientPolicies protocolMappers
applications oauthClients applicationRoles applicationScopeMappings clientTemplates socialProviders social passwordCredentialGrantAllowed
updateProfileOnInitialSocialLogin _id updatedBy`)

	knownUser = words(`self origin totp federatedIdentities socialLinks disableableCredentialTypes clientConsents access
federationLink applicationRoles userProfileMetadata verifiableCredentials`)

	knownCredential = words(`priority federationLink device digits counter period config
value temporary hashedSaltedValue salt hashIterations algorithm`)

	knownClient = words(`type description rootUrl adminUrl baseUrl surrogateAuthRequired alwaysDisplayInConsole registrationAccessToken
implicitFlowEnabled authorizationServicesEnabled authorizationSettings frontchannelLogout directGrantsOnly
authenticationFlowBindingOverrides nodeReRegistrationTimeout registeredNodes clientTemplate useTemplateConfig useTemplateScope
useTemplateMappers defaultRoles claims access origin defaultDefaultClientScopes optionalClientScopes`)

	knownScope  = words(`description`)
	knownMapper = words(`consentRequired consentText`)
	knownRole   = words(`clientRole containerId attributes scopeParamRequired`)
	knownGroup  = words(`description parentId parentName subGroupCount access`)
)

// guessingMembers say how Keycloak's protection counts. They are without
// meaning, and kept, where bruteForceProtected does not switch it on.
var guessingMembers = words(`permanentLockout maxTemporaryLockouts bruteForceStrategy failureFactor waitIncrementSeconds
maxFailureWaitSeconds maxDeltaTimeSeconds quickLoginCheckMilliSeconds minimumQuickLoginWaitSeconds`)

// inertRealm say nothing that a release would have to act on.
var inertRealm = words(`keycloakVersion requiredCredentials`)

// inertAttributes of clients say nothing that a release would have to act on.
var inertAttributes = words(`client.secret.creation.time realm_client security.admin.console`)

// algorithmAttributes name what a client's tokens are signed with.
var algorithmAttributes = []string{"access.token.signed.response.alg", "id.token.signed.response.alg"}

// usedAttributes of clients are read by whoever makes tokens.
var usedAttributes = words(`access.token.lifespan access.token.signed.response.alg id.token.signed.response.alg
client.session.idle.timeout client.session.max.lifespan client.offline.session.idle.timeout client.offline.session.max.lifespan
use.refresh.tokens access.token.header.type.rfc9068`)

// plainKept are kept members that hold no secret and stay readable in the
// database; every other kept member is sealed.
var plainKept = words(`duplicateEmailsAllowed defaultGroups clientAuthenticatorType authenticationFlows authenticatorConfig requiredActions
browserSecurityHeaders eventsListeners enabledEventTypes supportedLocales clientProfiles clientPolicies requiredCredentials
keycloakVersion description rootUrl adminUrl baseUrl
defaultDefaultClientScopes defaultOptionalClientScopes defaultClientScopes optionalClientScopes`)
