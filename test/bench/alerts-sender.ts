/** What an Alertmanager does, in a process of its own, for alerts.ts: posts alerts evenly over some seconds; prints status and milliseconds of each as JSON. */
import { setTimeout as pause } from 'node:timers/promises'
import { bodyOf, postAlert } from './alert-load.ts'

const { BENCH_PORT = '', BENCH_ALERTS = '', BENCH_CAUSES = '', BENCH_SECONDS = '' } = process.env
const [port, alerts, causes, seconds] = [BENCH_PORT, BENCH_ALERTS, BENCH_CAUSES, BENCH_SECONDS].map(Number) as [
  number,
  number,
  number,
  number,
]

// As one that has sent before: what this process compiles at its first requests is no part of an answer's time.
for (let index = 0; index < 50; index += 1) await fetch(`http://127.0.0.1:${port}/alerts/`).then((one) => one.text())

const samples = await Promise.all(
  Array.from({ length: alerts }, async (_, index) => {
    await pause((index * seconds * 1000) / alerts)
    const body = bodyOf(index, causes)
    const sent = performance.now()
    const status = await postAlert(port, body)
    return { status, milliseconds: performance.now() - sent }
  }),
)
console.log(JSON.stringify(samples))
