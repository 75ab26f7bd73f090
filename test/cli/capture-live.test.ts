import { expect, it } from 'vitest'
import { writeFailure } from '../../src/cli/capture-live.ts'

it.each([
  ['ENOSPC', 'there is no room left', 2],
  ['EDQUOT', 'there is no room left', 2],
  ['EIO', 'it was ended', 1],
])('%s while a capture is written: why, and what is there', (code, says, remedies) => {
  const error = writeFailure('x.pcap', Object.assign(new Error('write'), { code }))
  expect(error.message).toContain(`x.pcap (${code}): ${says}`)
  expect(error.remedies).toHaveLength(remedies)
})
