<?php

/**
 * What lists of rows of this app's own tables do: toggle, copy, delete, order. Rows of other domains are not touched.
 */
class voice_list_rows {

	private $database;
	private $domain_uuid;
	private $table;
	private $key;
	private $enabled;

	/**
	 * @param string $table   without v_
	 * @param string $enabled its column
	 */
	public function __construct($database, string $domain_uuid, string $table, string $enabled) {
		$this->database = $database;
		$this->domain_uuid = $domain_uuid;
		$this->table = $table;
		$this->key = database::singular($table).'_uuid';
		$this->enabled = $enabled;
	}

	public function toggle($records): bool {
		return $this->each($records, function ($row) {
			return [$this->enabled => $row[$this->enabled] === 'true' ? 'false' : 'true'];
		});
	}

	/**
	 * @param array $order [uuid, ...] as they were dragged; each gets ten times its place
	 */
	public function order($order, string $column): bool {
		$records = [];
		foreach (is_array($order) ? array_slice($order, 0, 1000) : [] as $uuid) {
			$records[] = ['checked' => 'true', 'uuid' => $uuid];
		}
		$place = 0;
		return $this->each($records, function ($row) use (&$place, $column) {
			$place += 10;
			return [$column => (string) $place];
		});
	}

	/**
	 * @param string|null $name column that gets the suffix
	 */
	public function copy($records, ?string $name, string $suffix): bool {
		$copies = [];
		foreach (voice_rows::checked($this->database, $this->table, $records, $this->domain_uuid) as $row) {
			$row[$this->key] = uuid();
			$row[$this->enabled] = 'false';
			if ($name !== null) {
				$row[$name] = mb_substr($row[$name], 0, 185, 'UTF-8').' '.$suffix;
			}
			$copies[] = array_diff_key($row, array_flip(['insert_date', 'insert_user', 'update_date', 'update_user']));
		}
		return !empty($copies) && voice_rows::save($this->database, [$this->table => $copies]);
	}

	public function delete($records): int {
		$array = [];
		foreach (voice_rows::checked($this->database, $this->table, $records, $this->domain_uuid) as $row) {
			$array[$this->table][] = [$this->key => $row[$this->key], 'domain_uuid' => $this->domain_uuid];
		}
		if (!empty($array)) {
			$this->database->delete($array);
		}
		return count($array[$this->table] ?? []);
	}

	private function each($records, callable $change): bool {
		$rows = [];
		$stored = [];
		foreach (voice_rows::checked($this->database, $this->table, $records, $this->domain_uuid) as $row) {
			$rows[] = $change($row) + [$this->key => $row[$this->key], 'domain_uuid' => $this->domain_uuid];
			$stored[$row[$this->key]] = $row;
		}
		return voice_rows::save($this->database, [$this->table => $rows], [$this->table => $stored]);
	}
}
