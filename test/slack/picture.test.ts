import { expect, it } from 'vitest'
import { picture } from '../../src/slack/answers/picture.ts'

const svg = (inside: string): string =>
  `<svg xmlns="http://www.w3.org/2000/svg" width="200" height="60"><rect width="200" height="60" fill="#fff"/>${inside}</svg>`
const text = (weight: string, words = '✓ Cluster ✗'): string =>
  svg(
    `<text x="10" y="30" font-family="DejaVu Sans, sans-serif" font-size="15" font-weight="${weight}">${words}</text>`,
  )

it('sets texts, plain and bold', async () => {
  const [nothing, plain, bold, marks] = await Promise.all(
    [svg(''), text('normal'), text('bold'), text('bold', 'Cluster')].map(picture),
  )
  // Without its font resvg leaves texts out and says nothing: all of these would be the same.
  expect(new Set([nothing, plain, bold, marks].map((png) => png!.toString('base64'))).size).toBe(4)
})

it('is twice as large as the SVG', async () => {
  const png = await picture(svg(''))
  expect([png.toString('latin1', 1, 4), png.readUInt32BE(16), png.readUInt32BE(20)]).toEqual(['PNG', 400, 120])
})

it('rejects what is no SVG, and goes on with the next', async () => {
  await expect(picture('<b>')).rejects.toThrow()
  expect((await picture(svg(''))).length).toBeGreaterThan(100)
})
