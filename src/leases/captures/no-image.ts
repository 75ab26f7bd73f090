import type { UserAnswer } from '../../mesh/user-error.ts'

/** Why nothing is captured without an image, what one needs, and how it is pinned. @param where what names the file of the configuration */
export const noImage = (where: string): UserAnswer => ({
  why: 'No image to capture with is configured, and none comes with mesh-medic.',
  remedies: [
    `It needs tcpdump, sh, timeout and head (and nsenter, for restricted namespaces), and is pinned by its digest. In the file that ${where} names:`,
    '  capture:\n    image: registry.example.com/tools/netshoot@sha256:…',
    'docs/operate.md (Captures) says how to find the digest; deploy/capture.yaml has the rights of the bot for it.',
  ],
})
