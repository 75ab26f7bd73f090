import type { MethodFamily } from './method.ts'

export const auth: MethodFamily = {
  'auth.test': {
    token: 'bot',
    scopes: [],
    run(_args, here) {
      const { app } = here.workspace
      return {
        url: `${here.origin}/`,
        team: app.teamName,
        user: app.name,
        team_id: app.teamId,
        user_id: app.userId,
        bot_id: app.botId,
        is_enterprise_install: false,
      }
    },
  },
  'apps.connections.open': {
    token: 'app',
    isPostOnly: true,
    scopes: [],
    run: (_args, here) => ({ url: here.openSocket() }),
  },
}
