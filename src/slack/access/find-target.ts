import { AmbiguousTargetError, UnknownTargetError } from '../../diagnosis/target-errors.ts'
import type { Target } from '../../mesh/target.ts'
import { parseTarget, type TargetQuery } from '../../mesh/target-query.ts'
import { UserError } from '../../mesh/user-error.ts'
import type { SlackDeps } from '../deps.ts'
import { userErrorOf, type CommandFor } from './user-error-of.ts'

/**
 * Finds a target as it was typed, for another command than diagnose: whoever mistyped it is told alone, in the words of that command.
 * @param command a line that would work, for `catalog -n shop`
 * @throws UserError
 */
export async function findTyped(
  { directory }: Pick<SlackDeps, 'directory'>,
  text: string,
  namespace: string | undefined,
  command: CommandFor,
): Promise<Target> {
  try {
    return await directory.target(parseTarget(text, namespace))
  } catch (error) {
    throw error instanceof UserError ? userErrorOf(error, text, command) : error
  }
}

/**
 * Finds a target for another command than diagnose.
 * @param command a line that would work, for `catalog -n shop`
 * @throws UserError, whose cause is the UnknownTargetError or AmbiguousTargetError, if there is one
 */
export async function findTarget(
  { directory }: Pick<SlackDeps, 'directory'>,
  query: TargetQuery,
  command: CommandFor,
): Promise<Target> {
  try {
    return await directory.target(query)
  } catch (error) {
    if (!(error instanceof UnknownTargetError || error instanceof AmbiguousTargetError)) throw error
    throw userErrorOf(error, query.text, command)
  }
}
