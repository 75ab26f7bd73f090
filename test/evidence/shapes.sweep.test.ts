import { join } from 'node:path'
import { expect, it } from 'vitest'
import { shapesModule } from '../../scripts/shapes.ts'

const FILE = join(import.meta.dirname, '..', '..', 'src', 'mesh', 'shape', 'shapes.ts')

it('shapes are what the types say: npm run shapes', async () => {
  await expect(await shapesModule()).toMatchFileSnapshot(FILE)
})
