<?php

/**
 * Secretaries of a domain: saved with their dialplan, toggled, copied, deleted.
 */
class voice_secretaries {

	const app_name = 'voice_secretary';
	const app_uuid = 'cfbe0a63-1d1d-4a2d-9a6e-5ab3e8dbb2a4';

	private $database;
	private $domain_uuid;
	private $domain_name;

	public function __construct(array $setting_array = []) {
		$this->database = $setting_array['database'] ?? database::new();
		$this->domain_uuid = $setting_array['domain_uuid'] ?? $_SESSION['domain_uuid'] ?? '';
		$this->domain_name = $setting_array['domain_name'] ?? $_SESSION['domain_name'] ?? '';
	}

	/**
	 * Saves a secretary and its dialplan entry in one transaction; a call to the number works at once.
	 *
	 * @param array      $row    columns of v_voice_secretaries; settings as JSON; a new one may bring a uuid that we made
	 * @param array|null $stored the row as it is, read for this domain; null: it is new
	 * @return string|null why not: taken, twice, failed
	 */
	public function save(array $row, ?array $stored): ?string {
		$row['domain_uuid'] = $this->domain_uuid;
		$row['voice_secretary_uuid'] = $stored['voice_secretary_uuid'] ?? $row['voice_secretary_uuid'] ?? uuid();
		$row['dialplan_uuid'] = empty($stored['dialplan_uuid']) ? uuid() : $stored['dialplan_uuid'];
		if ($row['secretary_enabled'] === 'true') {
			if ($this->is_other_secretarys($row['secretary_extension'], $row['voice_secretary_uuid'])) {
				return 'twice';
			}
			$by = voice_dialplan::taken_by($this->database, $row['secretary_extension'], $this->domain_uuid, $this->domain_name, $row['dialplan_uuid']);
			if ($by !== null) {
				return 'taken';
			}
		}
		$dialplan = voice_rows::find($this->database, 'dialplans', $row['dialplan_uuid'], $this->domain_uuid);
		$array = ['voice_secretaries' => [$row], 'dialplans' => [voice_dialplan::row($row, $this->domain_name)]];
		$before = [
			'voice_secretaries' => $stored === null ? [] : [$row['voice_secretary_uuid'] => $stored],
			'dialplans' => $dialplan === null ? [] : [$row['dialplan_uuid'] => $dialplan],
		];
		if (!voice_rows::save($this->database, $array, $before, ['dialplan_add', 'dialplan_edit'])) {
			return 'failed';
		}
		voice_dialplan::changed($this->domain_name);
		return null;
	}

	/**
	 * @return int how many changed; those whose number is taken stay as they are
	 */
	public function toggle($records): int {
		$changed = 0;
		foreach (voice_rows::checked($this->database, 'voice_secretaries', $records, $this->domain_uuid) as $stored) {
			$row = array_intersect_key($stored, array_flip(['secretary_name', 'secretary_extension', 'secretary_description']));
			$row['secretary_enabled'] = $stored['secretary_enabled'] === 'true' ? 'false' : 'true';
			$changed += $this->save($row, $stored) === null ? 1 : 0;
		}
		return $changed;
	}

	/**
	 * Copies are disabled until they have a number of their own, and were never published.
	 */
	public function copy($records, string $suffix): int {
		$copied = 0;
		foreach (voice_rows::checked($this->database, 'voice_secretaries', $records, $this->domain_uuid) as $stored) {
			$row = array_intersect_key($stored, array_flip(['secretary_name', 'secretary_extension', 'secretary_mode', 'secretary_settings', 'secretary_description']));
			$row['secretary_enabled'] = 'false';
			$row['secretary_name'] = mb_substr($row['secretary_name'], 0, 190, 'UTF-8').' '.$suffix;
			$copied += $this->save($row, null) === null ? 1 : 0;
		}
		return $copied;
	}

	public function delete($records): int {
		$array = [];
		foreach (voice_rows::checked($this->database, 'voice_secretaries', $records, $this->domain_uuid) as $stored) {
			$array['voice_secretaries'][] = ['voice_secretary_uuid' => $stored['voice_secretary_uuid'], 'domain_uuid' => $this->domain_uuid];
			if (!empty($stored['dialplan_uuid'])) {
				$array['dialplans'][] = ['dialplan_uuid' => $stored['dialplan_uuid'], 'domain_uuid' => $this->domain_uuid];
			}
		}
		if (empty($array)) {
			return 0;
		}
		$count = count($array['voice_secretaries']);
		$p = permissions::new();
		$p->add('dialplan_delete', 'temp');
		$this->database->delete($array);
		$p->delete('dialplan_delete', 'temp');
		voice_dialplan::changed($this->domain_name);
		return $count;
	}

	private function is_other_secretarys(string $number, string $own_uuid): bool {
		$sql = "select count(*) from v_voice_secretaries where domain_uuid = :domain_uuid ";
		$sql .= "and secretary_extension = :number and voice_secretary_uuid <> :own_uuid and secretary_enabled = true ";
		return (int) $this->database->select($sql, ['domain_uuid' => $this->domain_uuid, 'number' => $number, 'own_uuid' => $own_uuid], 'column') > 0;
	}
}
