'use client'

import { useEffect, useState } from 'react'

const TICK_MS = 250

const inSeconds = (seconds: number) =>
  seconds > 0
    ? `You can try again in ${seconds} ${seconds === 1 ? 'second' : 'seconds'}.`
    : 'You can try again now.'

/** Shows how long the guest has to wait. A screen reader is told at the beginning and at the end, not every second. */
export function Countdown({
  milliseconds,
  onEnd,
}: {
  milliseconds: number
  onEnd?: (() => void) | undefined
}) {
  const all = Math.ceil(milliseconds / 1000)
  const [left, setLeft] = useState(all)

  useEffect(() => {
    const end = performance.now() + milliseconds
    const timer = setInterval(() => {
      const seconds = Math.max(Math.ceil((end - performance.now()) / 1000), 0)
      setLeft(seconds)
      if (seconds > 0) return
      clearInterval(timer)
      onEnd?.()
    }, TICK_MS)
    return () => clearInterval(timer)
  }, [milliseconds, onEnd])

  return (
    <>
      <span className="unseen">{inSeconds(left > 0 ? all : 0)}</span>
      <span aria-hidden="true">{inSeconds(left)}</span>
    </>
  )
}
