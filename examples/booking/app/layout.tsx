import type { Metadata, Viewport } from 'next'
import Link from 'next/link'
import type { ReactNode } from 'react'
import './globals.css'

export const metadata: Metadata = {
  title: { default: 'Book a strategy session', template: '%s · Lindqvist & Co.' },
  description: 'A meeting form that is never submitted twice',
}

export const viewport: Viewport = { colorScheme: 'light dark' }

export default function Layout({ children }: { children: ReactNode }) {
  return (
    <html lang="en">
      <body>
        <a className="skip" href="#content">
          Skip to content
        </a>
        <header className="bar">
          <Link className="brand" href="/">
            Lindqvist <span>&amp;</span> Co.
          </Link>
          <nav aria-label="Main">
            <Link href="/">Book</Link>
            <Link href="/status">Status</Link>
          </nav>
        </header>
        <main id="content">{children}</main>
      </body>
    </html>
  )
}
