import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { parse } from 'yaml'
import { z } from 'zod'
import { ACTIONS } from '../../src/slack/actions/index.ts'
import { HANDLED } from '../../src/slack/app.ts'
import { COMMANDS } from '../../src/slack/commands/index.ts'
import { METHOD_SCOPES, REQUIRED_SCOPES, withoutScope } from '../../src/slack/transport/scopes.ts'

const SLACK = join(import.meta.dirname, '../../src/slack')

/** The limits are Slack's (app manifest reference). */
const Manifest = z.strictObject({
  _metadata: z.strictObject({ major_version: z.literal(1), minor_version: z.number() }),
  display_information: z.strictObject({
    name: z.string().max(35),
    description: z.string().max(140),
    long_description: z.string().min(175).max(4000),
    background_color: z.string().regex(/^#[0-9a-f]{6}$/),
  }),
  features: z.strictObject({
    app_home: z.record(z.string(), z.boolean()),
    bot_user: z.strictObject({ display_name: z.string().regex(/^[a-z0-9._-]{1,80}$/), always_online: z.boolean() }),
    shortcuts: z.array(
      z.strictObject({
        name: z.string().max(24),
        type: z.enum(['message', 'global']),
        callback_id: z.string().max(255),
        description: z.string().max(150),
      }),
    ),
    slash_commands: z.array(
      z.strictObject({
        command: z.string().max(32),
        description: z.string().max(2000),
        usage_hint: z.string().max(1000),
        should_escape: z.boolean(),
      }),
    ),
  }),
  oauth_config: z.strictObject({ scopes: z.strictObject({ bot: z.array(z.string()) }) }),
  settings: z.strictObject({
    event_subscriptions: z.strictObject({ bot_events: z.array(z.string()) }),
    interactivity: z.strictObject({ is_enabled: z.literal(true) }),
    org_deploy_enabled: z.boolean(),
    socket_mode_enabled: z.boolean(),
    token_rotation_enabled: z.literal(false),
  }),
})

const manifest = Manifest.parse(parse(readFileSync(join(SLACK, '../../manifest.yml'), 'utf8')))
const sources = readdirSync(SLACK, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .map((name) => readFileSync(join(SLACK, name), 'utf8'))

it('names the commands, events and shortcuts that are handled, and no others', () => {
  expect(manifest.features.slash_commands.map(({ command }) => command)).toEqual(HANDLED.commands)
  expect(manifest.settings.event_subscriptions.bot_events).toEqual(HANDLED.events)
  expect(manifest.features.shortcuts.map(({ callback_id }) => callback_id)).toEqual(HANDLED.shortcuts)
})

it('asks for the scopes that the methods and features in use need, and no others', () => {
  expect([...manifest.oauth_config.scopes.bot].sort()).toEqual(REQUIRED_SCOPES)
  for (const scope of REQUIRED_SCOPES) expect(withoutScope(scope)).not.toBe('something does not work')
})

it('lists every Web API method that the code calls', () => {
  const called = new Set(
    sources.flatMap((text) =>
      [
        ...text.matchAll(/client\.((?:auth|chat|conversations|files|views|users|usergroups\.users|reactions)\.\w+)\(/g),
      ].map(([, method]) => method!),
    ),
  )
  for (const [, method] of sources.flatMap((text) => [...text.matchAll(/client\.apiCall\('([\w.]+)'/g)]))
    called.add(method!)
  expect([...called].sort()).toEqual(Object.keys(METHOD_SCOPES).sort())
})

it('hints at every subcommand', () => {
  const hint = manifest.features.slash_commands[0]!.usage_hint
  expect(hint.length).toBeLessThan(140)
  expect(
    hint
      .split('|')
      .map((one) => one.split(' ')[0])
      .sort(),
  ).toEqual(COMMANDS.map(({ name }) => name))
})

it.each([
  ['commands', COMMANDS],
  ['actions', ACTIONS],
] as const)('registers every file of %s once, sorted by name', (folder, registered) => {
  const names = registered.map(({ name }) => name)
  expect(names).toEqual([...names].sort())
  const helpers = {
    commands: ['command', 'index', 'run-line', 'words'],
    actions: ['action', 'change-of', 'index', 'lease-of', 'press-button', 'run-of'],
  }[folder]
  expect(
    readdirSync(join(SLACK, folder))
      .map((file) => file.replace('.ts', ''))
      .filter((name) => !helpers.includes(name))
      .sort(),
  ).toEqual(names)
})
