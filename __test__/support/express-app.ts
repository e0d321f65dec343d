import { once } from 'node:events'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import express from 'express'
import session from 'express-session'

declare module 'express-session' {
  interface SessionData {
    user: string
    views: number
  }
}

/** What a request got: its status, its JSON, and the cookie that the next one is to send. */
export interface Answer {
  body: unknown
  cookie: string
}

/** An app with the real middleware, on a port of its own. */
export interface SessionApp {
  /** Sends a request with `cookie`. */
  get(path: string, cookie?: string): Promise<Answer>
  /** Lets the request to `/slow` that waits go on. */
  release(): void
  /** Until a request to `/slow` has read its session. */
  isWaiting(): boolean
  stop(): Promise<void>
}

export async function startApp(
  store: session.Store,
  options: Partial<session.SessionOptions> = {},
): Promise<SessionApp> {
  const app = express()
  const secret = 'keyboard cat'
  app.use(
    session({
      store,
      secret,
      resave: false,
      saveUninitialized: false,
      cookie: { maxAge: 60_000 },
      ...options,
    }),
  )
  app.get('/login/:user', (request, response, next) => {
    request.session.regenerate((error) => {
      if (error) return next(error)
      request.session.user = request.params.user
      response.json({ user: request.params.user })
    })
  })
  app.get(
    '/me',
    ({ session }, response) => void response.json({ user: session.user ?? null, views: session.views ?? 0 }),
  )
  app.get('/view', ({ session }, response) => {
    session.views = (session.views ?? 0) + 1
    response.json({ views: session.views })
  })
  let release: (() => void) | undefined
  app.get('/slow', async ({ session }, response) => {
    await new Promise<void>((resolve) => {
      release = resolve
    })
    session.views = 99
    response.json({ views: 99 })
  })
  app.get('/logout', (request, response, next) => {
    request.session.destroy((error) => (error ? next(error) : response.json({ user: null })))
  })
  const server: Server = app.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    async get(path, cookie) {
      const response = await fetch(`http://127.0.0.1:${port}${path}`, { headers: cookie ? { cookie } : {} })
      if (!response.ok) throw new Error(`${path} got ${response.status}: ${await response.text()}`)
      const set = response.headers.get('set-cookie')?.split(';')[0]
      return { body: await response.json(), cookie: set ?? cookie ?? '' }
    },
    release: () => release?.(),
    isWaiting: () => release !== undefined,
    async stop() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}
