import { existsSync } from 'node:fs'
import { chromium, type Browser } from 'playwright-core'

const PLACES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']

/** A path, or `required`: one of the usual places must have a browser then. */
const wanted = process.env.MESH_MEDIC_TEST_CHROMIUM ?? ''
const path = ['', 'required'].includes(wanted) ? PLACES.find((place) => existsSync(place)) : wanted

/** False where there is no Chromium, for `describe.skipIf`; throws instead when MESH_MEDIC_TEST_CHROMIUM demands one. */
export function chromiumIsPresent(): boolean {
  const present = path !== undefined && existsSync(path)
  if (!present && wanted !== '')
    throw new Error(`MESH_MEDIC_TEST_CHROMIUM=${wanted}, but there is no ${path ?? 'Chromium in /usr/bin'}`)
  return present
}

/** The title of a suite that needs Chromium: says why it is skipped when it is. */
export const inChromium =
  path === undefined ? 'in Chromium (skipped: none in /usr/bin, nor named by MESH_MEDIC_TEST_CHROMIUM)' : 'in Chromium'

/** Starts it. Its sandbox does not work as root, as in a container; it sees this machine's own pages only. */
export function startChromium(): Promise<Browser> {
  const env = Object.entries(process.env).filter(([name]) => name !== 'LD_PRELOAD')
  return chromium.launch({
    executablePath: path!,
    chromiumSandbox: false,
    args: ['--disable-gpu', '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1'],
    // It lives in the present where the tests run under libfaketime.
    env: Object.fromEntries(env.map(([name, value]) => [name, value ?? ''])),
  })
}
