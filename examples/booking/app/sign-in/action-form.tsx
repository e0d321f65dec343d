'use client'

import { type ReactNode, useActionState } from 'react'
import type { Problem } from './actions'

interface Properties {
  action: (problem: Problem, form: FormData) => Promise<Problem>
  button: string
  children: ReactNode
}

/** A form of one field and one button, with what is wrong below. It also works without JavaScript. */
export function ActionForm({ action, button, children }: Properties) {
  const [problem, submit, isPending] = useActionState(action, null)
  return (
    <form className="account-form" action={submit}>
      {children}
      <button className="primary" type="submit" aria-disabled={isPending}>
        {button}
      </button>
      <div className="outcome" role="status">
        {problem && <p className="panel bad">{problem}</p>}
      </div>
    </form>
  )
}
