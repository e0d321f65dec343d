import { useSyncExternalStore } from 'react'

const query = () => matchMedia('(prefers-color-scheme: dark)')

function subscribe(listen: () => void) {
  const watched = query()
  watched.addEventListener('change', listen)
  return () => watched.removeEventListener('change', listen)
}

/** The colour scheme of the page, for what is not drawn by CSS. */
export function useColorScheme(): 'dark' | 'light' {
  return useSyncExternalStore(
    subscribe,
    () => (query().matches ? 'dark' : 'light'),
    () => 'light',
  )
}
