import { describe, expect, it } from 'vitest'
import { blocksHtml } from '../../src/sandbox/slack/rendering/html.ts'
import { mrkdwnToHtml } from '../../src/sandbox/slack/rendering/mrkdwn-html.ts'

const names = {
  person: (id: string) => `${id}-name`,
  channel: (id: string) => `${id}-name`,
  group: (id: string) => `${id}-name`,
}
const plain = (text: string) => ({ type: 'plain_text', text })
const html = (...blocks: Record<string, unknown>[]): string => blocksHtml(blocks, { names, place: 'P' })
const richHtml = (...elements: Record<string, unknown>[]): string => html({ type: 'rich_text', elements })
const section = (...elements: Record<string, unknown>[]) => ({ type: 'rich_text_section', elements })

describe('mrkdwn as HTML', () => {
  it.each([
    ['*b* _i_ ~s~ `c*d*`', '<b>b</b> <i>i</i> <s>s</s> <code>c*d*</code>'],
    ['*_both_*', '<b><i>both</i></b>'],
    [
      '*bold <https://a.example/x_y_z|link> on*',
      '<b>bold <a href="https://a.example/x_y_z" rel="noreferrer noopener" target="_blank">link</a> on</b>',
    ],
    ['snake_case_name and 2*3*4', 'snake_case_name and 2*3*4'],
    [
      '<@U1> in <#C1> and <!subteam^S1>, <!here>',
      '<span class="mention">@U1-name</span> in <span class="mention">#C1-name</span> and <span class="mention">@S1-name</span>, <span class="mention">@here</span>',
    ],
    ['&gt; quoted\n&gt; *twice*\nnot', '<blockquote>quoted\n<b>twice</b></blockquote>not'],
    ['```\na &lt; b\n```', '<pre tabindex="0">a &lt; b</pre>'],
    [
      '<!date^0^{date_num} {time}|then>',
      '<time datetime="1970-01-01T00:00:00.000Z" data-format="{date_num} {time}">then</time>',
    ],
    ['<javascript:alert(1)|x> <data:text/html,x>', '&lt;javascript:alert(1)|x&gt; &lt;data:text/html,x&gt;'],
    ['<script>alert("1")</script>', '&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;'],
    ['&lt;img src=x onerror=1&gt; "\'', '&lt;img src=x onerror=1&gt; &quot;&#39;'],
    ['\u202Egpj.exe \u2066x', '[U+202E]gpj.exe [U+2066]x'],
    ['\uE0000\uE001 `c`', '\uFFFD0\uFFFD <code>c</code>'],
  ])('%s', (mrkdwn, expected) => {
    expect(mrkdwnToHtml(mrkdwn, names)).toBe(expected)
  })
})

describe('blocks as HTML', () => {
  it('has styles, lists, quotes and times of rich text', () => {
    expect(
      richHtml(
        section(
          { type: 'text', text: 'b', style: { bold: true, code: true } },
          { type: 'date', timestamp: 0, format: '{time}', fallback: 'then' },
        ),
        {
          type: 'rich_text_list',
          style: 'ordered',
          offset: 2,
          indent: 1,
          elements: [section({ type: 'text', text: '<i>' })],
        },
        { type: 'rich_text_quote', elements: [{ type: 'user', user_id: 'U1' }] },
      ),
    ).toBe(
      '<div class="text"><p><b><code>b</code></b><time datetime="1970-01-01T00:00:00.000Z" data-format="{time}">then</time></p><ol start="3" class="indent-1"><li>&lt;i&gt;</li></ol><blockquote><span class="mention">@U1-name</span></blockquote></div>',
    )
  })

  it('tells the lines of a diff apart, which keep their signs', () => {
    const text = '--- a/x\n+++ b/x\n@@ -1,2 +1,2 @@\n same\n-old <b>\n+new\n'
    expect(richHtml({ type: 'rich_text_preformatted', elements: [{ type: 'text', text }] })).toBe(
      '<div class="text"><pre class="diff" tabindex="0"><span class="file">--- a/x\n</span><span class="file">+++ b/x\n</span><span class="hunk">@@ -1,2 +1,2 @@\n</span><span class="same"> same\n</span><span class="removed">-old &lt;b&gt;\n</span><span class="added">+new\n</span></pre></div>',
    )
    expect(
      richHtml({ type: 'rich_text_preformatted', elements: [{ type: 'text', text: '- a list\n+ b' }] }),
    ).not.toContain('diff')
  })

  it('loads no picture from elsewhere', () => {
    const shown = html({ type: 'image', image_url: 'https://pictures.example/1.png', alt_text: 'a way' })
    expect(shown).not.toContain('<img')
    expect(shown).toContain('(image: a way, https://pictures.example/1.png)')
  })

  it('asks before a button that says so, and names buttons for those who do not see them', () => {
    const button = {
      type: 'button',
      action_id: 'go',
      text: plain('Go'),
      accessibility_label: 'Go "there"',
      confirm: {
        title: plain('Sure?'),
        text: { type: 'mrkdwn', text: '*really*' },
        confirm: plain('Yes'),
        deny: plain('No'),
        style: 'danger',
      },
    }
    const shown = html({ type: 'actions', elements: [button] })
    expect(shown).toContain(
      '<button type="button" data-act="ask" aria-haspopup="dialog" aria-label="Go &quot;there&quot;">Go</button><dialog class="confirm"',
    )
    expect(shown).toMatch(
      /role="alertdialog".*Sure\?.*<b>really<\/b>.*data-act="deny">No<.*class="danger" data-act="click" data-place="P" data-action="go">Yes</,
    )
  })
})
