// The part of @babel/parser that the doctor uses. scripts/bundle-parser.mjs puts the code into dist/doctor.

export function parse(code: string, options: object): { program: { type: string; [key: string]: unknown } }
