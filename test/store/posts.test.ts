import { expect, it } from 'vitest'
import { confirmPost, intendPost, readPost } from '../../src/store/posts.ts'
import { memoryRecords } from './memory-records.ts'

it('tells exactly one of many that it may post, and the rest what is known', async () => {
  const records = memoryRecords()
  const intents = await Promise.all(Array.from({ length: 10 }, () => intendPost(records, 'run', 'parent', 'one')))
  expect(intents.filter(({ fresh }) => fresh)).toHaveLength(1)
  expect(await intendPost(records, 'run', 'report', 'one')).toMatchObject({
    fresh: true,
    post: { state: 'intended', by: 'one' },
  })

  await confirmPost(records, 'run', 'parent', { ts: '1700000000.000100', digest: 'a' })
  await confirmPost(records, 'run', 'parent', { ts: '1700000000.000100', digest: 'b' })
  const post = { state: 'posted', ts: '1700000000.000100', digest: 'b' }
  expect(await intendPost(records, 'run', 'parent', 'one')).toEqual({ fresh: false, post })
  expect(await readPost(records, 'run', 'parent')).toEqual(post)
  expect(await readPost(records, 'other', 'parent')).toBeUndefined()
})
