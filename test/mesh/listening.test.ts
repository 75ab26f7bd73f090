import { describe, expect, it } from 'vitest'
import { listeningIn } from '../../src/mesh/listening.ts'

const read = (log: string): [string, number][] => listeningIn(log).map(({ at, port }) => [at, port])

describe('listeningIn', () => {
  it.each<[string, string, [string, number][]]>([
    ['Go', '2026/11/24 03:34:10 catalog v1 listening on 3000', [['unsaid', 3000]]],
    ['Node', 'Server listening on http://localhost:3000', [['loopback', 3000]]],
    ['Flask', ' * Running on http://127.0.0.1:5000 (Press CTRL+C to quit)', [['loopback', 5000]]],
    ['Flask on all', ' * Running on all addresses (0.0.0.0)\n * Running on http://0.0.0.0:5000', [['every', 5000]]],
    ['Uvicorn', 'INFO:     Uvicorn running on http://127.0.0.1:8000 (Press CTRL+C to quit)', [['loopback', 8000]]],
    ['Gunicorn', '[2026-11-24 03:34:10 +0000] [7] [INFO] Listening at: http://0.0.0.0:8080 (7)', [['every', 8080]]],
    [
      'Spring Boot',
      "2026-11-24T03:34:10.123Z  INFO 1 --- [main] o.s.b.w.embedded.tomcat.TomcatWebServer  : Tomcat started on port 8080 (http) with context path '/'",
      [['unsaid', 8080]],
    ],
    ['Spring Boot 2', 'Tomcat started on port(s): 8080 (http)', [['unsaid', 8080]]],
    ['IPv6', 'listening on [::]:8080', [['every', 8080]]],
    ['IPv6 loopback', 'listening on [::1]:8080', [['loopback', 8080]]],
    ['Go address', 'time=2026-11-24T03:34:10Z level=INFO msg="server listening" addr=:9090', [['unsaid', 9090]]],
    ['Redis', '1:M 24 Nov 2026 03:34:10.123 * Running mode=standalone, port=6379.', [['unsaid', 6379]]],
    ['a pod address', 'listening on 10.244.0.9:3000', [['unsaid', 3000]]],
  ])('%s', (_, log, expected) => expect(read(log)).toEqual(expected))

  it.each([
    ['what it talks to', 'connected to postgres at 10.0.0.7:5432'],
    ['how long it took', 'Started Application in 3.21 seconds (process running for 4)'],
    ['a time of day', '03:34:10 server started'],
    ['nothing', ''],
  ])('says nothing: %s', (_, log) => expect(read(log)).toEqual([]))

  it('keeps a line short', () => expect(listeningIn(`listening on 3000 ${'x'.repeat(1000)}`)[0]?.line.length).toBe(300))
})
