<?php

/**
 * The app's own rows and files on a PBX that lives: nothing that is there is reset. FusionPBX's own steps for menu and
 * permissions delete and rebuild all of them.
 */
class voice_install {

	private $database;
	private $apps = [];

	public function __construct($database) {
		$this->database = $database;
		$x = 0;
		$apps = [];
		include dirname(__DIR__, 2).'/app_config.php';
		include dirname(__DIR__, 2).'/app_menu.php';
		$this->apps = $apps[0];
	}

	/**
	 * Permissions of ours that FusionPBX has never heard of, for the groups that have them by default. One that an
	 * administrator took away stays away.
	 */
	public function permissions(): void {
		$sql = "select permission_name from v_permissions where application_uuid = :uuid ";
		$known = $this->column($sql, ['uuid' => $this->apps['uuid']], 'permission_name');
		$assigned = $this->column("select distinct permission_name from v_group_permissions ", null, 'permission_name');
		$groups = $this->groups();
		$array = [];
		foreach ($this->apps['permissions'] as $permission) {
			$name = $permission['name'];
			if (!in_array($name, $known)) {
				$array['permissions'][] = ['permission_uuid' => uuid(), 'application_uuid' => $this->apps['uuid'], 'application_name' => $this->apps['name'], 'permission_name' => $name];
			}
			if (in_array($name, $known) || in_array($name, $assigned)) {
				continue;
			}
			foreach ($permission['groups'] as $group) {
				if (isset($groups[$group])) {
					$array['group_permissions'][] = ['group_permission_uuid' => uuid(), 'permission_name' => $name, 'permission_protected' => 'false', 'permission_assigned' => 'true', 'group_name' => $group, 'group_uuid' => $groups[$group]];
				}
			}
		}
		$this->save($array, ['permission_add', 'group_permission_add']);
	}

	/**
	 * Menu items of ours that the default menu has not, under the parents that it has.
	 */
	public function menu(): void {
		$menu = $this->database->select("select menu_uuid, menu_language from v_menus where menu_name = 'default' limit 1 ", null, 'row');
		if (empty($menu)) {
			return;
		}
		$sql = "select uuid, menu_item_uuid from v_menu_items where menu_uuid = :menu_uuid and uuid is not null ";
		$rows = $this->database->select($sql, ['menu_uuid' => $menu['menu_uuid']], 'all');
		$items = array_column(is_array($rows) ? $rows : [], 'menu_item_uuid', 'uuid');
		$groups = $this->groups();
		$languages = (new text)->languages;
		$array = [];
		foreach ($this->apps['menu'] as $item) {
			if (isset($items[$item['uuid']]) || !isset($items[$item['parent_uuid']])) {
				continue;
			}
			$own = ['menu_uuid' => $menu['menu_uuid'], 'menu_item_uuid' => uuid()];
			$title = $item['title'][$menu['menu_language'] ?? ''] ?? $item['title']['en-us'];
			$array['menu_items'][] = $own + ['uuid' => $item['uuid'], 'menu_item_parent_uuid' => $items[$item['parent_uuid']], 'menu_item_title' => $title, 'menu_item_link' => $item['path'], 'menu_item_category' => $item['category']];
			foreach (is_array($languages) ? $languages : ['en-us', 'pt-br'] as $language) {
				$array['menu_languages'][] = $own + ['menu_language_uuid' => uuid(), 'menu_language' => $language, 'menu_item_title' => $item['title'][$language] ?? $item['title']['en-us']];
			}
			foreach ($item['groups'] as $group) {
				if (isset($groups[$group])) {
					$array['menu_item_groups'][] = $own + ['menu_item_group_uuid' => uuid(), 'group_name' => $group, 'group_uuid' => $groups[$group]];
				}
			}
		}
		$this->save($array, ['menu_item_add', 'menu_language_add', 'menu_item_group_add']);
	}

	/**
	 * The scripts that a dialplan entry starts. The core's own copy of app scripts misses them in this version.
	 */
	public function scripts(string $scripts_dir): void {
		$source = dirname(__DIR__).'/scripts';
		if ($scripts_dir === '' || !is_dir($scripts_dir) || !is_writable($scripts_dir) || !is_dir($source.'/app/voice_secretary')) {
			return;
		}
		$this->copy($source.'/app/voice_secretary', $scripts_dir.'/app/voice_secretary');
	}

	/**
	 * Dialplan entries of this app whose secretary is gone: the service may delete one while FusionPBX looks away.
	 */
	public function orphans(): void {
		$sql = "delete from v_dialplans as d where d.app_uuid = :app_uuid and not exists ( ";
		$sql .= "	select 1 from v_voice_secretaries as s where s.dialplan_uuid = d.dialplan_uuid and s.domain_uuid = d.domain_uuid ";
		$sql .= ") ";
		$this->database->execute($sql, ['app_uuid' => $this->apps['uuid']]);
	}

	private function copy(string $from, string $to): void {
		if (!is_dir($to) && !mkdir($to, 0755, true)) {
			return;
		}
		foreach (scandir($from) as $name) {
			if ($name[0] === '.') {
				continue;
			}
			if (is_dir($from.'/'.$name)) {
				$this->copy($from.'/'.$name, $to.'/'.$name);
			}
			elseif (substr($name, -4) === '.lua') {
				copy($from.'/'.$name, $to.'/'.$name);
			}
		}
	}

	private function groups(): array {
		$rows = $this->database->select("select group_name, group_uuid from v_groups where domain_uuid is null ", null, 'all');
		return array_column(is_array($rows) ? $rows : [], 'group_uuid', 'group_name');
	}

	private function column(string $sql, ?array $parameters, string $name): array {
		$rows = $this->database->select($sql, $parameters, 'all');
		return array_column(is_array($rows) ? $rows : [], $name);
	}

	private function save(array $array, array $permissions): void {
		if (!empty($array)) {
			voice_rows::save($this->database, $array, [], $permissions);
		}
	}
}
