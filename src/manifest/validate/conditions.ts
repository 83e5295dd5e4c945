/** The conditions of type 1C attributes that can be decided from the document itself (PS3.5 7.4.2), by the names that iod-tables.ts
 *  uses: true where the attribute is required. `item` is the data set or item that should hold it. */
import type { Item } from './item.ts'

const filled = (item: Item, tag: number): boolean => (item.elements.get(tag)?.length ?? 0) > 0

export const CONDITIONS = {
  // PS3.3 8.8
  noOtherCodeValue: (item) => !filled(item, 0x00080119) && !filled(item, 0x00080120),
  hasCodeValue: (item) => filled(item, 0x00080100) || filled(item, 0x00080119),
  // PS3.3 10.14, 10.17
  noUniversalId: (item) => !filled(item, 0x00400032),
  noLocalNamespace: (item) => !filled(item, 0x00400031),
  hasUniversalId: (item) => filled(item, 0x00400032),
  // PS3.3 C.7.1.1
  hasAlternativeCalendarDate: (item) => filled(item, 0x00100033) || filled(item, 0x00100034),
  hasResponsiblePerson: (item) => filled(item, 0x00102297),
  identityRemovedWithoutCode: (item) => item.text(0x00120062) === 'YES' && item.items(0x00120064).length === 0,
  identityRemovedWithoutText: (item) => item.text(0x00120062) === 'YES' && !filled(item, 0x00120063),
  // PS3.3 C.17.6.2.1
  severalStudies: (item) => new Set(item.items(0x0040a375).map((study) => study.text(0x0020000d))).size > 1,
} as const satisfies Record<string, (item: Item) => boolean>

export type ConditionName = keyof typeof CONDITIONS
