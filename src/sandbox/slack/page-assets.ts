/** The page's own style; no font, picture or script comes from elsewhere. */
export const STYLE = `
:root{color-scheme:light dark;--line:#8884;--soft:#8882;--link:#1264a3}
@media(prefers-color-scheme:dark){:root{--link:#6cb6ff}}
*{box-sizing:border-box}body{font:15px/1.46 system-ui,sans-serif;margin:0;padding:0 16px 96px}
main{max-width:900px;margin:auto}h2{border-bottom:1px solid var(--line);padding:8px 0}h3{margin:6px 0;font-size:1.1em}
.message{padding:8px 0;overflow-wrap:anywhere}.replies{margin-left:24px;padding-left:12px;border-left:3px solid var(--line)}
.only{background:var(--soft);border-radius:6px;padding:8px;margin:8px 0}.muted{opacity:.7;font-size:13px}.name{font-weight:700}
.section{display:flex;justify-content:space-between;gap:12px;margin:4px 0}.fields{display:grid;grid-template-columns:1fr 1fr;gap:4px 16px}
.actions{display:flex;flex-wrap:wrap;gap:8px;margin:6px 0}button{font:inherit;padding:4px 12px;border:1px solid var(--line);border-radius:4px;cursor:pointer}
button.primary{background:#007a5a;color:#fff}button.danger{background:#e01e5a;color:#fff}a,.mention{color:var(--link)}
pre{background:var(--soft);border:1px solid var(--line);border-radius:4px;padding:8px;overflow:auto;white-space:pre-wrap;margin:4px 0}
pre.plain{background:none;border:0;padding:0;font:inherit}code{background:var(--soft);padding:0 3px;border-radius:3px}
table{border-collapse:collapse}td{border:1px solid var(--line);padding:2px 8px}
dialog{width:min(560px,92vw);border:1px solid var(--line);border-radius:8px}label{display:block;margin:8px 0}label input,label textarea,label select{display:block;width:100%;font:inherit}
#type{position:fixed;bottom:0;left:0;right:0;display:flex;gap:8px;padding:12px 16px;background:Canvas;border-top:1px solid var(--line)}
#type input{flex:1;font:inherit;padding:6px}#trouble{color:#e01e5a;position:fixed;bottom:56px;left:16px;right:16px}
`

/** Fetches the channels again whenever something happened, and posts what a person does. */
export const SCRIPT = `
const shown = document.getElementById('shown'), trouble = document.getElementById('trouble'), user = document.getElementById('user')
const refresh = async () => {
  const answer = await fetch('/page/shown?user=' + encodeURIComponent(user.value))
  const html = await answer.text()
  if (html === refresh.last) return
  const atEnd = innerHeight + scrollY > document.body.scrollHeight - 120
  const typed = Object.fromEntries([...shown.querySelectorAll('dialog [name]')].map((field) => [field.closest('dialog').dataset.view + field.name, field.multiple ? [...field.selectedOptions].map((option) => option.value) : field.value]))
  shown.innerHTML = refresh.last = html
  for (const dialog of shown.querySelectorAll('dialog')) {
    for (const field of dialog.querySelectorAll('[name]')) { const before = typed[dialog.dataset.view + field.name]; if (Array.isArray(before)) { for (const option of field.options) option.selected = before.includes(option.value) } else if (before !== undefined) field.value = before }
    dialog.show()
  }
  if (atEnd) scrollTo(0, document.body.scrollHeight)
}
const act = async (what, fields) => {
  const answer = await fetch('/page/' + what, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ user: user.value, ...fields }) })
  trouble.textContent = answer.ok ? (await answer.json()).shownError ?? '' : await answer.text()
}
document.getElementById('type').addEventListener('submit', (event) => {
  event.preventDefault()
  const line = event.target.elements.line
  if (line.value.trim() !== '') act('type', { line: line.value })
  line.value = ''
})
shown.addEventListener('click', (event) => {
  const { act: what, place, action, confirm: question } = event.target.closest('button')?.dataset ?? {}
  if (what === 'click' && (question === undefined || confirm(question))) act('click', { place, action })
  if (what === 'close') act('close', { place })
  if (what === 'submit') {
    const fields = [...event.target.closest('dialog').querySelectorAll('[name]')]
    const values = fields.map((field) => [field.name, field.multiple ? [...field.selectedOptions].map((option) => option.value) : field.value]).filter(([, value]) => value.length > 0)
    act('submit', { place, values: Object.fromEntries(values) })
  }
})
shown.addEventListener('change', (event) => {
  const { act: what, place, action } = event.target.dataset
  if (what === 'choose') act('choose', { place, action, value: event.target.multiple ? [...event.target.selectedOptions].map((option) => option.value) : event.target.value })
})
user.addEventListener('change', refresh)
new EventSource('/page/events').onmessage = refresh
refresh()
`
