<?php

/**
 * The app's settings of one domain and of the PBX.
 */
class voice_settings {

	const app_name = 'voice_secretary';
	const app_uuid = 'cfbe0a63-1d1d-4a2d-9a6e-5ab3e8dbb2a4';

	private $database;
	private $domain_uuid;

	public function __construct($database, string $domain_uuid) {
		$this->database = $database;
		$this->domain_uuid = $domain_uuid;
	}

	/**
	 * The domain's own token. Nothing of it goes into FusionPBX's log of transactions.
	 */
	public function save_domain_token(string $token): bool {
		$stored = voice_service::domain_token($this->database, $this->domain_uuid);
		$array['domain_settings'][0] = [
			'domain_setting_value' => $token,
			'domain_setting_uuid' => $stored['domain_setting_uuid'] ?? uuid(),
			'domain_uuid' => $this->domain_uuid,
			'domain_setting_category' => voice_service::category,
			'domain_setting_subcategory' => 'service_api_key',
			'domain_setting_name' => 'text',
			'domain_setting_enabled' => 'true',
		];
		return $this->save($array, ['domain_setting_add', 'domain_setting_edit']);
	}

	/**
	 * Back to the PBX's token. Not by database::delete, which writes the row it deletes into the log of transactions.
	 */
	public function forget_domain_token(): void {
		$sql = "delete from v_domain_settings where domain_uuid = :domain_uuid ";
		$sql .= "and domain_setting_category = :category and domain_setting_subcategory = 'service_api_key' ";
		$this->database->execute($sql, ['domain_uuid' => $this->domain_uuid, 'category' => voice_service::category]);
		settings::clear_cache();
	}

	/**
	 * Settings of the PBX that app_config.php declares. What is empty is kept.
	 *
	 * @param array $values subcategory => value
	 */
	public function save_pbx(array $values): bool {
		$sql = "select default_setting_uuid, default_setting_subcategory from v_default_settings where default_setting_category = :category ";
		$rows = $this->database->select($sql, ['category' => voice_service::category], 'all');
		$known = array_column(is_array($rows) ? $rows : [], 'default_setting_uuid', 'default_setting_subcategory');
		$array = [];
		foreach ($values as $name => $value) {
			if ($value !== '' && isset($known[$name])) {
				$array['default_settings'][] = ['default_setting_value' => $value, 'default_setting_uuid' => $known[$name], 'default_setting_enabled' => 'true'];
			}
		}
		return empty($array) || $this->save($array, ['default_setting_edit']);
	}

	/**
	 * What the scripts in FreeSWITCH need to know: global variables, now and after its next start.
	 */
	public function tell_freeswitch(string $url, string $token): bool {
		$array = [];
		foreach (['voice_ai_url' => $url, 'voice_ai_token' => $token] as $name => $value) {
			if ($value === '' || !preg_match('#^[A-Za-z0-9._:/\-\[\]~]+$#', $value)) {
				continue;
			}
			$var_uuid = $this->database->select("select var_uuid from v_vars where var_name = :name limit 1 ", ['name' => $name], 'column');
			$array['vars'][] = ['var_value' => $value, 'var_uuid' => empty($var_uuid) ? uuid() : $var_uuid, 'var_category' => 'Voice Secretary', 'var_name' => $name, 'var_command' => 'set', 'var_enabled' => 'true', 'var_order' => '0'];
			event_socket::api('global_setvar '.$name.'='.$value);
		}
		if (empty($array)) {
			return true;
		}
		$saved = $this->save($array, ['var_add', 'var_edit']);
		save_var_xml();
		return $saved;
	}

	/**
	 * Days that conversations are kept, for the service's worker; null: the service's own default.
	 */
	public function retention_days(): ?int {
		$row = $this->retention();
		return $row === null ? null : (int) $row['setting_value'];
	}

	public function save_retention_days(int $days): bool {
		$stored = $this->retention();
		$row = ['setting_value' => (string) $days, 'voice_setting_uuid' => $stored['voice_setting_uuid'] ?? uuid(), 'domain_uuid' => $this->domain_uuid, 'setting_category' => 'retention', 'setting_name' => 'days'];
		$before = $stored === null ? [] : ['voice_settings' => [$stored['voice_setting_uuid'] => $stored]];
		return voice_rows::save($this->database, ['voice_settings' => [$row]], $before);
	}

	private function retention(): ?array {
		$sql = "select voice_setting_uuid, setting_value, domain_uuid, setting_category, setting_name from v_voice_settings ";
		$sql .= "where domain_uuid = :domain_uuid and setting_category = 'retention' and setting_name = 'days' limit 1 ";
		$row = $this->database->select($sql, ['domain_uuid' => $this->domain_uuid], 'row');
		return is_array($row) && !empty($row) ? $row : null;
	}

	/**
	 * Without the log of transactions: the rows hold tokens. The value comes first, see voice_rows.
	 */
	private function save(array $array, array $permissions): bool {
		foreach ($array as $table => $rows) {
			$key = database::singular($table).'_uuid';
			foreach ($rows as $index => $row) {
				$value = array_key_first($row);
				$sql = "select ".$value." from v_".$table." where ".$key." = :uuid ";
				if ($this->database->select($sql, ['uuid' => $row[$key]], 'column') === $row[$value]) {
					unset($array[$table][$index]);
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
		foreach ($permissions as $permission) {
			$p->add($permission, 'temp');
		}
		$saved = $this->database->save($array, false);
		foreach ($permissions as $permission) {
			$p->delete($permission, 'temp');
		}
		settings::clear_cache();
		return $saved !== false;
	}
}
