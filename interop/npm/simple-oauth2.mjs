// Sends an empty client_secret= beside the client id, as this library does for
// a client that has none.
import { ResourceOwnerPassword } from 'simple-oauth2'
import { task, expired, report, version, vms } from './common.mjs'

const url = new URL(task.token_endpoint)
const flow = new ResourceOwnerPassword({
  client: { id: task.client_id, secret: '' },
  auth: { tokenHost: url.origin, tokenPath: url.pathname },
  options: { authorizationMethod: 'body' },
})

let token = await flow.getToken({ username: task.username, password: task.password, scope: 'openid' })
const first = token.token
const list = await vms(first.access_token)
const expiredStatus = await expired(first.access_token)
if (!token.expired()) throw new Error('the library holds the token for good after its last second')
token = await token.refresh()

report({
  client: version('simple-oauth2'),
  first,
  vms: list,
  expired_status: expiredStatus,
  second: token.token,
  vms_after: await vms(token.token.access_token),
})
