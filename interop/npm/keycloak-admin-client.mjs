// Keycloak's own administration client, for what it does first: log in with a
// password and refresh.
import KcAdminClient from '@keycloak/keycloak-admin-client'
import { task, expired, report, version, vms } from './common.mjs'

const [baseUrl, realmName] = task.issuer.split('/realms/')
const admin = new KcAdminClient({ baseUrl, realmName })
const answer = () => ({ access_token: admin.accessToken, refresh_token: admin.refreshToken })

await admin.auth({
  grantType: 'password',
  clientId: task.client_id,
  username: task.username,
  password: task.password,
  scopes: ['openid'],
})
const first = answer()
const list = await vms(first.access_token)
const expiredStatus = await expired(first.access_token)
await admin.auth({ grantType: 'refresh_token', clientId: task.client_id, refreshToken: first.refresh_token })
const second = answer()

report({
  client: version('@keycloak/keycloak-admin-client'),
  first,
  vms: list,
  expired_status: expiredStatus,
  second,
  vms_after: await vms(second.access_token),
})
