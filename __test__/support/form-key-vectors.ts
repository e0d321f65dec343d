/** What `generateKey` makes of event, e-mail and start time, in Rust and in JavaScript alike. */
export const formKeyVectors: [label: string, parts: [string, string, string], expected: string][] = [
  [
    'an ordinary form',
    ['evt_1', ' Guest@Example.COM\n', '2026-01-01T10:00:00Z'],
    'evt_1-guest_example_com-2026-01-01T10_00_00Z',
  ],
  ['three empty strings', ['', '', ''], '--'],
  ['a space inside the e-mail', ['e', 'a b', 's'], 'e-a_b-s'],
  ['a byte order mark around the e-mail', ['e', '\ufeffa\ufeff', 's'], 'e-a-s'],
  ['a next-line character, which trim leaves', ['e', 'a\u0085', 's'], 'e-a_-s'],
  ['spaces around the other parts, which stay', [' e ', 'a', ' s '], '_e_-a-_s_'],
  ['capitals in the other parts, which stay', ['E', 'A', 'S'], 'E-a-S'],
  ['an emoji, which is two units', ['😀', '😀', '😀'], '__-__-__'],
  ['a Kelvin sign, which lower-cases to k', ['e', '\u212a', 's'], 'e-k-s'],
  ['a dotted capital I, which lower-cases to two units', ['e', '\u0130', 's'], 'e-i_-s'],
  ['lone surrogates', ['\ud800', 'a\udc00', '\udc00\ud800'], '_-a_-__'],
  ['a final sigma', ['e', 'ΑΣ', 's'], 'e-__-s'],
  ['NUL', ['\0', '\0', '\0'], '_-_-_'],
]
