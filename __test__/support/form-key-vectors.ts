/** What `key` makes of any parts, in Rust and in JavaScript alike. */
export const partsKeyVectors: [label: string, parts: [string, ...string[]], expected: string][] = [
  ['two parts', ['a', 'b'], '1:a,1:b'],
  ['one part', ['ab'], '2:ab'],
  ['a part that looks like a key', ['1:a,1:b'], '7:1:a,1:b'],
  ['parts with what stands between parts', [',', ':', '0:,'], '1:,,1::,3:0:,'],
  ['an empty string', [''], '0:'],
  ['three empty strings', ['', '', ''], '0:,0:,0:'],
  ['an address with a plus', ['contact', 'a+b@x'], '7:contact,5:a+b@x'],
  ['an address with a point', ['contact', 'a.b@x'], '7:contact,5:a.b@x'],
  ['spaces and capitals, which stay', [' A '], '3: A '],
  ['an emoji, which is two units', ['😀', 'é'], '2:😀,1:é'],
  ['NUL and a new line', ['\0\n'], '2:\0\n'],
]

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
