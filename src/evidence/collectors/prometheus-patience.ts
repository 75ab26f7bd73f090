/** Milliseconds that a look at Prometheus may take: it confirms what logs and configuration say, and these do not wait for it. */
export const PROMETHEUS_PATIENCE = 10_000

/** A signal that also ends when Prometheus was waited for long enough. */
export const briefly = (signal: AbortSignal, patience: number): AbortSignal =>
  AbortSignal.any([signal, AbortSignal.timeout(patience)])
