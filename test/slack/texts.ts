/** What a person reads in blocks: one line a block, code in back-ticks, buttons in brackets. */
export function shownIn({ blocks }: { blocks: readonly unknown[] }): string {
  return blocks.map(piece).join('\n')
}

function piece(value: unknown): string {
  if (Array.isArray(value)) return value.map(piece).join('')
  if (typeof value !== 'object' || value === null) return ''
  const { type, text, elements, user_id, usergroup_id, style, url, fallback } = value as Record<string, unknown>
  if (type === 'button') return `[${(text as { text: string }).text}]`
  if (type === 'rich_text_section') return `${piece(elements)}\n`
  if (type === 'rich_text_preformatted') return `\`\`\`${piece(elements)}\`\`\`\n`
  if (type === 'rich_text_list') return (elements as unknown[]).map((one) => `- ${piece(one)}`).join('')
  if (type === 'user') return `@${String(user_id)}`
  if (type === 'usergroup') return `@${String(usergroup_id)}`
  if (type === 'date') return String(fallback)
  if (type === 'link') return `<${String(url)}|${String(text)}>`
  if (typeof text === 'string') return (style as { code?: boolean } | undefined)?.code === true ? `\`${text}\`` : text
  return piece(text ?? elements)
}
