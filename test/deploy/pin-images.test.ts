import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { pinned } from '../../scripts/pin-images.ts'

const DEPLOY = join(import.meta.dirname, '..', '..', 'deploy')
const textOf = (file: string): string => readFileSync(join(DEPLOY, file), 'utf8')
const digest = (of: string): string => `sha256:${of.repeat(64)}`

it.each([
  ['Dockerfile', ['docker.io/istio/istioctl:', 'node:']],
  ['compose.yaml', ['redis:']],
  ['manifests/bot.yaml', ['mesh-medic:']],
])('every image of %s gets its digest, and nothing else is changed', async (file, names) => {
  const asked: string[] = []
  const text = textOf(file)
  const now = await pinned(text, (image) => {
    asked.push(image)
    return Promise.resolve(`${digest('a')}\n`)
  })
  expect(asked.map((image) => image.replace(/:.*/, ':'))).toEqual(names)
  for (const image of asked) {
    expect(image).toMatch(/:[\w.-]+$/)
    expect(now).toContain(`${image}@${digest('a')}`)
  }
  const istio = /ISTIO_VERSION=(\S+)/.exec(text)?.[1] ?? ''
  expect(now.replaceAll(`@${digest('a')}`, '')).toBe(text.replace('istioctl:${ISTIO_VERSION}', `istioctl:${istio}`))
  // Another time they get the digests that are true then.
  expect(await pinned(now, () => Promise.resolve(digest('b')))).toBe(now.replaceAll(digest('a'), digest('b')))
})

it('what is no digest is not written', async () => {
  await expect(pinned(textOf('compose.yaml'), () => Promise.resolve('<none>'))).rejects.toThrow('has no digest')
})
