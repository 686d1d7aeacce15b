<?php

//the app's own rows and scripts, once
	if ($domains_processed == 1) {
		$voice_install = new voice_install($database);
		$voice_install->permissions();
		$voice_install->menu();
		$voice_install->scripts((string) ($settings->get('switch', 'scripts', '') ?: $config->get('switch.scripts.dir', '')));
		if ($database->table_exists('v_voice_secretaries')) {
			$voice_install->orphans();
		}
		unset($voice_install);
	}

?>
