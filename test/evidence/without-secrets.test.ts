import { expect, it } from 'vitest'
import type { Istioctl } from '../../src/evidence/clients/clients.ts'
import { withoutSecrets } from '../../src/evidence/clients/without-secrets.ts'

const LISTING =
  '* annotations.K8sAnalyzer:\n    Checks for misplaced annotations\n* gateway.SecretAnalyzer:\n    Checks secrets\n* meshnetworks.MeshNetworksAnalyzer:\n    Checks\n* service.PortNameAnalyzer:\n    Checks\n'
const never = new AbortController().signal

function spied(listing: () => string = () => LISTING): { istioctl: Istioctl; ran: string[] } {
  const ran: string[] = []
  return {
    ran,
    istioctl: {
      run: (args) => {
        ran.push(args.join(' '))
        return Promise.resolve(args[1] === '--list-analyzers' ? listing() : '[]')
      },
    },
  }
}

it('analyze is given its context, and the analyzers that read no Secret, listed once', async () => {
  const { istioctl, ran } = spied()
  const safe = withoutSecrets(istioctl, () => Promise.resolve('lab'))
  await safe.run(['analyze', '-n', 'a', '-o', 'json'], never)
  await safe.run(['analyze', '-n', 'b', '-o', 'json'], never)
  const added = '--remote-contexts lab --analyzer annotations.K8sAnalyzer --analyzer service.PortNameAnalyzer'
  expect(ran).toEqual(['analyze --list-analyzers', `analyze -n a -o json ${added}`, `analyze -n b -o json ${added}`])
})

it('everything else is left as it is', async () => {
  const { istioctl, ran } = spied()
  await withoutSecrets(istioctl, () => Promise.resolve('lab')).run(['proxy-status', '-o', 'json'], never)
  expect(ran).toEqual(['proxy-status -o json'])
})

it('a listing that cannot be read is unparsable, and asked for again', async () => {
  let listing = 'something else'
  const { istioctl } = spied(() => listing)
  const safe = withoutSecrets(istioctl, () => Promise.resolve('lab'))
  await expect(safe.run(['analyze'], never)).rejects.toMatchObject({ code: 'unseen', reason: 'unparsable' })
  listing = LISTING
  expect(await safe.run(['analyze'], never)).toBe('[]')
})
