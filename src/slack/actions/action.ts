import type { RunKind } from '../../capabilities/index.ts'
import type { ButtonRecord } from '../../store/buttons.ts'
import type { Asking } from '../access/asking.ts'
import type { SlackDeps } from '../deps.ts'

/** A press of a button whose record was read and which is pressed where it belongs. */
export interface Press {
  button: ButtonRecord
  /** `ts` of the message the button is in; absent for an ephemeral one. */
  message?: string | undefined
  /** Opens one view, within 3 s of the press. */
  trigger?: string | undefined
}

/** What pressing a button does. */
export interface Action {
  /** The button's action_id, without the number behind a colon; also the `act` of its record. */
  name: string
  /** What a press can ask for. Absent: nothing that has a run. */
  asks?: readonly RunKind[]
  /** @throws whatever user-error-of.ts knows how to tell */
  run(deps: SlackDeps, asking: Asking, press: Press): Promise<void>
}

/** Declares an action; only gives the literal its type. */
export const defineAction = (action: Action): Action => action
