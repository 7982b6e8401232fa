// What the npm clients share: the task read from standard input, the protected
// API, and waiting for a token's last second. None of it helps a client to log
// in or to refresh.
import { readFileSync } from 'node:fs'
import { webcrypto } from 'node:crypto'
import { createRequire } from 'node:module'

globalThis.crypto ??= webcrypto // Node.js 18

export const task = JSON.parse(readFileSync(0, 'utf8'))

export function version(name) {
  const path = new URL(`node_modules/${name}/package.json`, import.meta.url)
  return `${name} ${createRequire(import.meta.url)(path.pathname).version}`
}

export function claims(jwt) {
  return JSON.parse(Buffer.from(jwt.split('.')[1], 'base64url').toString())
}

export async function vms(accessToken) {
  const answer = await fetch(`${task.api}/vms`, { headers: { Authorization: `Bearer ${accessToken}` } })
  if (!answer.ok) throw new Error(`GET /v1/vms: ${answer.status} ${await answer.text()}`)
  return answer.json()
}

// expired waits until the access token is over and returns what the API says then.
export async function expired(accessToken) {
  const { exp } = claims(accessToken)
  await new Promise((done) => setTimeout(done, (exp + 1) * 1000 - Date.now() + 50))
  const answer = await fetch(`${task.api}/vms`, { headers: { Authorization: `Bearer ${accessToken}` } })
  return answer.status
}

export function report(result) {
  process.stdout.write(JSON.stringify(result) + '\n')
}
