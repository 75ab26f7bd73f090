import { startSlackStandIn, type SlackStandIn, type SlackStandInOptions } from '../../src/sandbox/slack/stand-in.ts'

/** Milliseconds: on a machine that is busy with other things an app answers late, and that is not what is tested. */
const PATIENCE = 60_000

/** The stand-in for Slack, with more patience than Slack has where a test does not say otherwise. */
export const startPatientStandIn = (options: SlackStandInOptions = {}): Promise<SlackStandIn> =>
  startSlackStandIn({ ...options, times: { acknowledgeWithin: PATIENCE, trigger: PATIENCE, ...options.times } })
