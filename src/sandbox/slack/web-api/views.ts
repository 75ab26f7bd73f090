import { randomBytes } from 'node:crypto'

import { checkView, type CheckedView } from '../block-rules/check-view.ts'
import { viewJson } from '../message-json.ts'
import type { Fields, ShownView } from '../records.ts'
import { Refusal, refusalWithReasons } from '../refusal.ts'
import { isFields } from '../../../mesh/fields.ts'
import { type Arguments } from './arguments.ts'
import type { MethodFamily, Surroundings } from './method.ts'

/** "push_limit_reached: currently the limit is 3" views in a stack. */
const MAX_STACK = 3

const text = (value: unknown): string => (typeof value === 'string' ? value : '')

/** A checked view as a person sees it. */
export const shownView = (
  checked: CheckedView,
  place: Pick<ShownView, 'id' | 'user' | 'rootViewId'> & Partial<Pick<ShownView, 'previousViewId'>>,
): ShownView => {
  const { source, blocks } = checked
  const externalId = text(source.external_id)
  return {
    ...place,
    hash: `${Math.floor(Date.now() / 1000)}.${randomBytes(4).toString('hex')}`,
    type: source.type === 'home' ? 'home' : 'modal',
    callbackId: text(source.callback_id),
    privateMetadata: text(source.private_metadata),
    title: isFields(source.title) ? text(source.title.text) : '',
    blocks,
    source,
    errors: {},
    ...(externalId === '' ? {} : { externalId }),
  }
}

const viewArgument = (args: Arguments): unknown => args.json('view', 'invalid_arguments')

/** @throws Refusal `duplicate_external_id` when another open view has it */
const checkExternalId = (here: Surroundings, checked: CheckedView, except?: string): void => {
  const externalId = text(checked.source.external_id)
  if (externalId !== '' && here.workspace.views().some((view) => view.externalId === externalId && view.id !== except))
    throw new Refusal('duplicate_external_id')
}

/** @throws Refusal `invalid_arguments` unless there is one of the two that exclude each other */
const triggerArgument = (args: Arguments): string => {
  const trigger = args.text('trigger_id')
  if (trigger === undefined) return args.required('interactivity_pointer')
  if (args.has('interactivity_pointer'))
    throw refusalWithReasons('invalid_arguments', ['only one of trigger_id, interactivity_pointer allowed'])
  return trigger
}

/** @throws Refusal `not_found`, or `hash_conflict` when the view changed since the app saw it */
const changedView = (args: Arguments, here: Surroundings): ShownView => {
  const id = args.text('view_id')
  const externalId = args.text('external_id')
  if (id === undefined && externalId === undefined)
    throw refusalWithReasons('invalid_arguments', ['missing required field: view_id or external_id'])
  const view = here.workspace
    .views()
    .find((other) => (id === undefined ? other.externalId === externalId : other.id === id))
  if (view === undefined) throw new Refusal('not_found')
  const hash = args.text('hash')
  if (hash !== undefined && hash !== view.hash) throw new Refusal('hash_conflict')
  return view
}

const answer = (view: ShownView, here: Surroundings): Fields => ({ view: viewJson(view, here.workspace) })

export const views: MethodFamily = {
  'views.open': {
    token: 'bot',
    scopes: [],
    run(args, here) {
      const trigger = triggerArgument(args)
      const checked = checkView(viewArgument(args), 'modal')
      checkExternalId(here, checked)
      const { user } = here.triggers.exchange(trigger)
      for (const view of here.workspace.views(user)) if (view.type === 'modal') here.workspace.closeView(view.id)
      const id = here.workspace.newId('V')
      return answer(here.workspace.showView(shownView(checked, { id, user, rootViewId: id })), here)
    },
  },
  'views.push': {
    token: 'bot',
    scopes: [],
    run(args, here) {
      const trigger = triggerArgument(args)
      const checked = checkView(viewArgument(args), 'modal')
      checkExternalId(here, checked)
      const { user, viewId } = here.triggers.exchange(trigger)
      const below = viewId === undefined ? undefined : here.workspace.view(viewId)
      if (below === undefined) throw new Refusal('not_found')
      return answer(pushView(here.workspace, checked, below, user), here)
    },
  },
  'views.update': {
    token: 'bot',
    scopes: [],
    run(args, here) {
      const before = changedView(args, here)
      const checked = checkView(viewArgument(args), before.type)
      checkExternalId(here, checked, before.id)
      return answer(here.workspace.showView(replacedView(before, checked)), here)
    },
  },
  'views.publish': {
    token: 'bot',
    scopes: [],
    run(args, here) {
      const user = args.required('user_id')
      if (!here.workspace.people.has(user)) throw refusalWithReasons('invalid_arguments', ['invalid `user_id`'])
      const checked = checkView(viewArgument(args), 'home')
      const before = here.workspace.views(user).find((view) => view.type === 'home')
      const hash = args.text('hash')
      if (hash !== undefined && hash !== before?.hash) throw new Refusal('hash_conflict')
      const id = before?.id ?? here.workspace.newId('V')
      return answer(here.workspace.showView(shownView(checked, { id, user, rootViewId: id })), here)
    },
  },
}

/** The same place in the stack, with new content. */
export const replacedView = (before: ShownView, checked: CheckedView): ShownView =>
  shownView(checked, {
    id: before.id,
    user: before.user,
    rootViewId: before.rootViewId,
    ...(before.previousViewId === undefined ? {} : { previousViewId: before.previousViewId }),
  })

/** Puts a view on top of another. @throws Refusal `push_limit_reached` */
export const pushView = (
  workspace: Surroundings['workspace'],
  checked: CheckedView,
  below: ShownView,
  user: string,
): ShownView => {
  const stack = workspace.views(user).filter((view) => view.rootViewId === below.rootViewId)
  if (stack.length >= MAX_STACK) throw new Refusal('push_limit_reached')
  return workspace.showView(
    shownView(checked, { id: workspace.newId('V'), user, rootViewId: below.rootViewId, previousViewId: below.id }),
  )
}
