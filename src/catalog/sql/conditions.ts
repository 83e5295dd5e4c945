/** Conditions on one column. `column`, `date`, `time`, `alias` are made by the program; what is compared with is a parameter. */
const FOLDS = ['PatientNameFold1', 'PatientNameFold2', 'PatientNameFold3']

export const CONDITION_SQL = {
  equal: (column: string) => `${column} = ?`,
  equalToAny: (column: string) => `(${column} = ? OR (instr(${column}, '\\') > 0 AND dicom_has_value(?, ${column})))`,
  equalDecimal: (column: string) => `(${column} = ? OR dicom_has_decimal(?, ${column}))`,
  inList: (column: string) => `${column} IN (SELECT value FROM json_each(?))`,
  inListAny: (column: string) =>
    `(${column} IN (SELECT value FROM json_each(?)) OR (instr(${column}, '\\') > 0 AND dicom_has_any(?, ${column})))`,
  wildcard: (column: string) => `dicom_wildcard(?, ${column})`,
  name: (column: string) => `dicom_name(?, ${column})`,
  foldEqual: (alias: string) => `(${FOLDS.map((fold) => `${alias}."${fold}" = ?`).join(' OR ')})`,
  /** Nothing but text that it begins with: six parameters, where each begins and where it ends. */
  foldPrefix: (alias: string) => `(${FOLDS.map((fold) => `(${alias}."${fold}" >= ? AND ${alias}."${fold}" < ?)`).join(' OR ')})`,
  foldWildcard: (alias: string) =>
    `(${FOLDS.map((fold) => `(${alias}."${fold}" > '' AND dicom_name_group(?, ${alias}."${fold}"))`).join(' OR ')})`,
  between: (column: string) => `${column} BETWEEN ? AND ?`,
  betweenTogether: (date: string, time: string) =>
    `(${date} BETWEEN ? AND ? AND ${date} || COALESCE(NULLIF(${time}, ''), '000000.000000') BETWEEN ? AND ?)`,
  item: (column: string) => `dicom_item(?, ${column})`,
} as const
