/** What Slack takes (Block Kit reference), with some room where Slack does not say exactly how it counts. */
export const LIMITS = {
  /** Blocks a message. */
  blocks: 50,
  /** Characters of all text in a message; Slack refuses at about 12,000. */
  message: 10_500,
  /** Characters of one piece of text. */
  text: 2_800,
  /** Characters of the text that stands for the blocks in notifications; chat.update takes 4,000. */
  fallback: 600,
  /** Also what is spoken of a button. */
  buttonLabel: 75,
  dialogTitle: 100,
  dialogText: 300,
  dialogButton: 30,
  /** Elements of an actions block. */
  actions: 25,
  /** Parts of one rich text element. */
  parts: 900,
  modalTitle: 24,
} as const
