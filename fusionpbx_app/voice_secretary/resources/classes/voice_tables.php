<?php

/**
 * What the app needs of the database, and what is missing of it.
 */
class voice_tables {

	/**
	 * Tables and columns that app_config.php declares and the database has not.
	 *
	 * @return array of 'table' or 'table.column'
	 */
	public static function missing($database): array {
		$sql = "select table_name || '.' || column_name as found from information_schema.columns ";
		$sql .= "where table_schema = current_schema() and table_name like 'v_voice_%' ";
		$rows = $database->select($sql, null, 'all');
		$found = array_column(is_array($rows) ? $rows : [], 'found');
		$tables = array_unique(array_map(function ($name) { return strtok($name, '.'); }, $found));
		$missing = [];
		foreach (self::declared() as $table => $columns) {
			if (!in_array($table, $tables)) {
				$missing[] = $table;
				continue;
			}
			foreach ($columns as $column) {
				if (!in_array($table.'.'.$column, $found)) {
					$missing[] = $table.'.'.$column;
				}
			}
		}
		return $missing;
	}

	/**
	 * @return array table => names of its columns
	 */
	public static function declared(): array {
		$x = 0;
		$apps = [];
		include dirname(__DIR__, 2).'/app_config.php';
		$declared = [];
		foreach ($apps[$x]['db'] as $table) {
			$declared[$table['table']['name']] = array_column($table['fields'], 'name');
		}
		return $declared;
	}

	/**
	 * Whether `voice-ai migrate` ran: without it the service does not start.
	 */
	public static function migrated($database): bool {
		$sql = "select count(*) from information_schema.tables where table_schema = 'voice_ai' and table_name = 'migrations' ";
		return (int) $database->select($sql, null, 'column') > 0;
	}
}
