import { expect, it } from 'vitest'
import { parseSecretTable } from '../../src/mesh/secrets.ts'

/** From istioctl 1.31. */
const TABLE = `RESOURCE NAME           TYPE           STATUS      VALID CERT     SERIAL NUMBER                        NOT AFTER                NOT BEFORE
kubernetes://nosuch                    WARMING     false                                                                        
default                 Cert Chain     ACTIVE      true           566d7e4282f2a2abf68d30fb63b46de0     2026-11-25T03:05:46Z     2026-11-24T03:03:46Z
ROOTCA                  CA             ACTIVE      true           c3435516080db6754b12702c7605a42e     2036-11-21T03:05:35Z     2026-11-24T03:05:35Z
`

it("reads istioctl's table of secrets, and what is not in it is not there", () => {
  expect(parseSecretTable(TABLE)).toEqual([
    { name: 'kubernetes://nosuch', status: 'WARMING' },
    { name: 'default', type: 'Cert Chain', status: 'ACTIVE', serial: '566d7e4282f2a2abf68d30fb63b46de0', notAfter: '2026-11-25T03:05:46Z', notBefore: '2026-11-24T03:03:46Z' },
    { name: 'ROOTCA', type: 'CA', status: 'ACTIVE', serial: 'c3435516080db6754b12702c7605a42e', notAfter: '2036-11-21T03:05:35Z', notBefore: '2026-11-24T03:05:35Z' },
  ])
})

it('is not taken in by anything else', () => {
  expect(() => parseSecretTable('Error: no such pod')).toThrow(SyntaxError)
})
