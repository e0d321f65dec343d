'use client'

import { useActionState } from 'react'

export function RoundTripForm({ check }: { check: () => Promise<string> }) {
  const [result, action, isPending] = useActionState(check, '')
  return (
    <form className="round-trip" action={action}>
      <button type="submit" className="secondary" aria-disabled={isPending}>
        Write and read a value
      </button>
      <p role="status">{result}</p>
    </form>
  )
}
