<?php

/**
 * Reading and saving rows of the session's domain.
 */
class voice_rows {

	/**
	 * One row of the domain, or null. Whatever a form names is read through here before it is written or shown:
	 * database::save finds rows by their key alone, whosever they are.
	 *
	 * @param string $table without v_
	 * @param mixed  $uuid  as a browser sent it
	 */
	public static function find($database, string $table, $uuid, string $domain_uuid): ?array {
		if (!is_string($uuid) || !is_uuid($uuid)) {
			return null;
		}
		$sql = "select * from v_".database::sanitize($table)." ";
		$sql .= "where domain_uuid = :domain_uuid and ".database::singular($table)."_uuid = :uuid ";
		$row = $database->select($sql, ['domain_uuid' => $domain_uuid, 'uuid' => $uuid], 'row');
		return is_array($row) && !empty($row) ? self::as_text($row) : null;
	}

	/**
	 * Which of a list's posted records are checked and belong to the domain.
	 *
	 * @param array $records as list pages post them: [['checked' => 'true', 'uuid' => ...], ...]
	 * @return array of rows
	 */
	public static function checked($database, string $table, $records, string $domain_uuid): array {
		$rows = [];
		foreach (is_array($records) ? $records : [] as $record) {
			if (is_array($record) && ($record['checked'] ?? '') === 'true') {
				$row = self::find($database, $table, $record['uuid'] ?? null, $domain_uuid);
				if ($row !== null) {
					$rows[] = $row;
				}
			}
		}
		return $rows;
	}

	/**
	 * Saves rows of one or more tables in one transaction.
	 *
	 * @param array $array  [table without v_ => [row, ...]]; each row with its key and its domain_uuid
	 * @param array $stored [table => [key => row as it is stored]]; rows without changes are left out
	 * @param array $temporary permissions for rows of other apps
	 * @return bool whether all was saved, or nothing had to be
	 */
	public static function save($database, array $array, array $stored = [], array $temporary = []): bool {
		foreach ($array as $table => $rows) {
			$key = database::singular($table).'_uuid';
			foreach ($rows as $index => $row) {
				$before = $stored[$table][$row[$key]] ?? null;
				if ($before === null) {
					continue;
				}
				$row = self::changed_first($row, $before);
				if ($row === null) {
					unset($array[$table][$index]);
				}
				else {
					$array[$table][$index] = $row;
				}
			}
			if (empty($array[$table])) {
				unset($array[$table]);
			}
		}
		if (empty($array)) {
			return true;
		}
		$p = permissions::new();
		foreach ($temporary as $permission) {
			$p->add($permission, 'temp');
		}
		$saved = $database->save($array);
		foreach ($temporary as $permission) {
			$p->delete($permission, 'temp');
		}
		return $saved !== false;
	}

	/**
	 * database::save compares field by field and trips over its own index after the first that is equal: what
	 * changed comes first. Null: nothing did.
	 */
	private static function changed_first(array $row, array $before): ?array {
		$changed = [];
		$equal = [];
		foreach ($row as $name => $value) {
			if (!array_key_exists($name, $before) || !self::is_equal($value, $before[$name])) {
				$changed[$name] = $value;
			}
			else {
				$equal[$name] = $value;
			}
		}
		return empty($changed) ? null : $changed + $equal;
	}

	private static function is_equal($value, $before): bool {
		// the class trims what it saves
		$value = trim((string) $value);
		$before = (string) $before;
		if ($value === $before) {
			return true;
		}
		if (is_numeric($value) && is_numeric($before)) {
			return $value == $before;
		}
		$decoded = json_decode($value, true);
		return is_array($decoded) && $decoded == json_decode($before, true);
	}

	/**
	 * Booleans as the words that FusionPBX's forms and database::save use.
	 */
	public static function as_text(array $row): array {
		foreach ($row as $name => $value) {
			if (is_bool($value)) {
				$row[$name] = $value ? 'true' : 'false';
			}
		}
		return $row;
	}

	/**
	 * The domain's secretaries: uuid => name.
	 */
	public static function secretaries($database, string $domain_uuid): array {
		$sql = "select voice_secretary_uuid, secretary_name, secretary_extension from v_voice_secretaries ";
		$sql .= "where domain_uuid = :domain_uuid order by secretary_name asc ";
		$rows = $database->select($sql, ['domain_uuid' => $domain_uuid], 'all');
		$names = [];
		foreach (is_array($rows) ? $rows : [] as $row) {
			$names[$row['voice_secretary_uuid']] = $row['secretary_name'].' ('.$row['secretary_extension'].')';
		}
		return $names;
	}

	/**
	 * JSON of a column as an array.
	 */
	public static function json($value): array {
		$decoded = is_string($value) ? json_decode($value, true) : $value;
		return is_array($decoded) ? $decoded : [];
	}
}
