import { jest } from '@jest/globals'

/** An error as `redirect()`, `notFound()` and their like throw it, which Next.js knows by its `digest`, and who throws it. */
export function controlFlow(digest: string) {
  const error = Object.assign(new Error(digest), { digest })
  const thrower = jest.fn(async (_: unknown): Promise<never> => {
    throw error
  })
  return { error, thrower }
}
