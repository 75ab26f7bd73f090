import type { Request } from '../../../src/mesh/walk/request.ts'

/** `GET shop.example.com /items?x=1 x-tier=gold` as a request. */
export function requestOf(text: string): Request {
  const [method = 'GET', authority = '', path = '/', ...headers] = text.split(' ')
  return {
    method,
    authority,
    path,
    scheme: 'http',
    headers: new Map(
      headers.map((pair) => {
        const [name = '', ...value] = pair.split('=')
        return [name, value.join('=')]
      }),
    ),
  }
}
