/** What can be raised. */
export const LEASE_KINDS = ['access-logs', 'captures', 'log-levels', 'ztunnel-levels'] as const
export type LeaseKind = (typeof LEASE_KINDS)[number]
