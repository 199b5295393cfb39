import type { Subject } from './subjects/subject.ts'

/** A table of the types that every engine has, with the values that get lost easily. */
export function portableTable(subject: Subject): string {
  const { bytes } = subject
  return `${subject.plainStrings}
CREATE TABLE portable (
  id integer PRIMARY KEY, big bigint, word varchar(100), body text, ratio ${subject.doubleType}, bin ${subject.bytesType}
);
INSERT INTO portable (id, big, word, body, ratio, bin) VALUES
  (10, 9223372036854775807, 'plain', 'comma, here', 0.1, ${bytes('00ff0a0d22')}),
  (2, -9223372036854775808, '', NULL, -2.5, ${bytes('')}),
  (1, NULL, NULL, '', NULL, NULL),
  (3, 0, 'NULL', 'null', 0.30000000000000004, ${bytes('5c30')}),
  (4, 1, ' blanks ', 'say "it''s"', 1234567.875, NULL),
  (5, 2, 'C:\\.', 'a\\N', 16777216.5, NULL),
  (6, 3, 'ünï 😀', 'two
lines', 123456.789, NULL),
  (7, 4, '.\\x00', '#hash;	tab', 0.12345679104328156, NULL);
`
}

/** Its rows, written by hand after docs/format.md. */
export const portableRows = `1,,,"",,
2,-9223372036854775808,"",,-2.5,\\x
3,0,NULL,null,0.30000000000000004,\\x5c30
4,1, blanks ,"say ""it's""",1234567.875,
5,2,C:\\.,a\\N,16777216.5,
6,3,ünï 😀,"two
lines",123456.789,
7,4,.\\x00,#hash;	tab,0.12345679104328156,
10,9223372036854775807,plain,"comma, here",0.1,\\x00ff0a0d22
`
