import type { Connection } from './clients.ts'

/** The cluster a command is about and the limits it keeps. */
export function connectionFor(context: string | undefined): { connection: Connection; limits: { stepTimeout?: number; concurrency?: number } } {
  const { ISTIOCTL: istioctl, PROMETHEUS_URL: prometheus } = process.env
  return { connection: { istioctl, context, prometheus }, limits: {} }
}
