// The certified client: discovery, password grant as a generic grant, ID token
// checked against the published keys, refresh, userinfo.
import * as client from 'openid-client'
import { task, claims, expired, report, version, vms } from './common.mjs'

const config = await client.discovery(new URL(task.issuer), task.client_id, undefined, client.None(), {
  execute: [client.allowInsecureRequests, client.enableNonRepudiationChecks],
})

const first = await client.genericGrantRequest(config, 'password', {
  username: task.username,
  password: task.password,
  scope: 'openid',
})
const list = await vms(first.access_token)
const user = await client.fetchUserInfo(config, first.access_token, claims(first.id_token).sub)
const expiredStatus = await expired(first.access_token)
const second = await client.refreshTokenGrant(config, first.refresh_token)

report({
  client: version('openid-client'),
  first,
  vms: list,
  userinfo: user,
  expired_status: expiredStatus,
  second,
  vms_after: await vms(second.access_token),
  id_token: second.claims(),
})
