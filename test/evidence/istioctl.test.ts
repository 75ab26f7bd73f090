import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { istioctlProgram } from '../../src/evidence/clients/istioctl.ts'

const folder = mkdtempSync(join(tmpdir(), 'mesh-medic-istioctl-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** As istioctl 1.31 printed it for the reader of the deploy manifests. */
const NO_WATCH = `2026-11-29T21:54:41.904698Z\terror\twatch error in cluster : mutatingwebhookconfigurations.admissionregistration.k8s.io is forbidden: User "system:serviceaccount:mesh-medic:mesh-medic-reader" cannot watch resource "mutatingwebhookconfigurations" in API group "admissionregistration.k8s.io" at the cluster scope`
const NO_ISTIOD = 'Error: no running Istio pods in "istio-system"'

/** Runs a program that prints these and fails. */
function failing(name: string, stdout: string, stderr: string): Promise<string> {
  const program = join(folder, name)
  writeFileSync(join(folder, `${name}.out`), stdout)
  writeFileSync(join(folder, `${name}.err`), stderr)
  writeFileSync(program, `#!/bin/sh\ncat "$0.out"\ncat "$0.err" >&2\nexit 1\n`, { mode: 0o700 })
  return istioctlProgram({ program }).run(['proxy-status', '-o', 'json'], new AbortController().signal)
}

describe('an istioctl that fails', () => {
  it('is not said to lack the watch that it does without', async () => {
    await expect(failing('no-istiod', `${NO_WATCH}\n`, `${NO_ISTIOD}\n`)).rejects.toMatchObject({
      reason: 'unavailable',
      message: NO_ISTIOD,
      permission: undefined,
    })
  })

  it('is said to lack what it cannot do without, though it lacks the watch too', async () => {
    const refused =
      'Error: pods is forbidden: User "x" cannot list resource "pods" in API group "" in the namespace "istio-system"'
    await expect(failing('no-pods', `${NO_WATCH}\n`, `${refused}\n`)).rejects.toMatchObject({
      reason: 'forbidden',
      permission: { verb: 'list', resource: 'pods', namespace: 'istio-system' },
    })
  })
})
