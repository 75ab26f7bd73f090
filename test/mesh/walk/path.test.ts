import { expect, it } from 'vitest'
import { normalized } from '../../../src/mesh/walk/path.ts'

const BASE = { normalizePath: true }
const MERGE = { normalizePath: true, mergeSlashes: true }
const DECODE = { normalizePath: true, mergeSlashes: true, pathWithEscapedSlashesAction: 'UNESCAPE_AND_FORWARD' }

it.each([
  ['/a/../b', {}, '/a/../b'],
  ['/a/../b', BASE, '/b'],
  ['/a/./b/..', BASE, '/a/'],
  ['/../..', BASE, '/'],
  ['/a\\b', BASE, '/a/b'],
  ['/%61%2D%7e', BASE, '/a-~'],
  ['/a%20b', BASE, '/a%20b'],
  ['/a%2Fb', BASE, '/a%2Fb'],
  ['//a//b', BASE, '//a//b'],
  ['//a//b?x=/../y', MERGE, '/a/b?x=/../y'],
  ['/a%2Fb%5cc', DECODE, '/a/b/c'],
  ['/a%2Fb', { pathWithEscapedSlashesAction: 'REJECT_REQUEST' }, undefined],
  ['/a?b=%2F', { pathWithEscapedSlashesAction: 'REJECT_REQUEST' }, '/a?b=%2F'],
])('%s by %j is %s', (path, manager, expected) => {
  expect(normalized(path, manager)).toBe(expected)
})
