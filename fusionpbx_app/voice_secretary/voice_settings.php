<?php

//includes files
	require_once dirname(__DIR__, 2) . "/resources/require.php";
	require_once "resources/check_auth.php";

//check permissions
	voice_page::require_permission('voice_setting_view');
	$may_edit = permission_exists('voice_setting_edit');
	$may_edit_pbx = permission_exists('voice_setting_all');

//add multi-lingual support
	$language = new text;
	$text = $language->get();

//what a domain decides for itself, and what the operator does: name => [least, most]
	$own = ['chunk_tokens' => [50, 4000], 'overlap_tokens' => [0, 2000]];
	$operators = ['requests_per_minute' => [1, 1000000], 'max_concurrent_calls' => [0, 100000], 'max_upload_bytes' => [1024, 1073741824], 'max_documents' => [0, 100000], 'monthly_budget_cents' => [0, 1000000000]];

//process the http post
	$voice_settings = new voice_settings($database, $domain_uuid);
	if (!empty($_POST['section'])) {
		voice_page::require_genuine($text, 'voice_settings.php');
		$refused = [];
		if ($_POST['section'] === 'pbx' && $may_edit_pbx) {
			$url = rtrim(voice_form::posted($_POST, 'service_url'), '/');
			$bridge_url = rtrim(voice_form::posted($_POST, 'bridge_url'), '/');
			$token = voice_form::posted($_POST, 'pbx_api_key', 4000);
			foreach ([$url, $bridge_url] as $one) {
				if ($one !== '' && !voice_service::is_url($one)) {
					$refused[] = $text['message-url_form'];
				}
			}
			if (empty($refused)) {
				$saved = $voice_settings->save_pbx(['service_url' => $url, 'bridge_url' => $bridge_url, 'service_api_key' => $token]);
				if (!$saved || !$voice_settings->tell_freeswitch($url, $token)) {
					$refused[] = $text['message-not_saved'];
				}
			}
		}
		if ($_POST['section'] === 'domain' && $may_edit) {
			$token = voice_form::posted($_POST, 'domain_api_key', 4000);
			if (voice_form::posted($_POST, 'forget_domain_api_key') === 'true') {
				$voice_settings->forget_domain_token();
			}
			elseif ($token !== '' && !$voice_settings->save_domain_token($token)) {
				$refused[] = $text['message-not_saved'];
			}
		}
		if ($_POST['section'] === 'tenant' && $may_edit) {
			if (!$voice_settings->save_retention_days(voice_form::posted_number($_POST, 'retention_days', 1, 3650, 90))) {
				$refused[] = $text['message-not_saved'];
			}
			$service = new voice_service($database, $domain_uuid);
			$current = $service->get('/settings');
			$wanted = ['time_zone' => voice_form::posted($_POST, 'time_zone', 60), 'country' => strtoupper(voice_form::posted($_POST, 'country', 2))];
			foreach ($own + ($may_edit_pbx ? $operators : []) as $name => [$least, $most]) {
				if (isset($_POST[$name]) && is_string($_POST[$name]) && $_POST[$name] !== '') {
					$wanted[$name] = voice_form::posted_number($_POST, $name, $least, $most, $least);
				}
			}
			foreach ($current->is_ok() ? $wanted : [] as $name => $value) {
				if ($value !== '' && $value !== ($current->data[$name] ?? null)) {
					$answer = $service->put('/settings/'.$name, ['value' => $value]);
					if (!$answer->is_ok()) {
						$refused[] = escape($text['label-'.$name]).': '.$answer->reason($text);
					}
				}
			}
			if (!$current->is_ok()) {
				$refused[] = $current->reason($text);
			}
		}
		empty($refused) ? message::add($text['message-update']) : message::add(implode('<br>', array_unique($refused)), 'negative', 8000);
		voice_page::go('voice_settings.php');
	}

//what is there
	$configured = voice_service::configured($database, $domain_uuid);
	$has_domain_token = voice_service::domain_token($database, $domain_uuid) !== null;
	$has_token = ($configured['service_api_key'] ?? '') !== '';
	$service = new voice_service($database, $domain_uuid);
	$health = $service->health();
	$current = $service->get('/settings');

//include header
	$document['title'] = $text['title-voice_settings'];
	require_once "resources/header.php";
	voice_page::top($database, $text, 'voice_settings.php');

//show the content
	echo "<div class='action_bar' id='action_bar'>\n";
	echo "	<div class='heading'><b>".$text['title-voice_settings']."</b></div>\n";
	echo "	<div style='clear: both;'></div>\n";
	echo "</div>\n";
	echo $text['description-voice_settings']."<br /><br />\n";

	//the state of things
	echo "<div class='card'><table class='list'>\n";
	echo "<tr class='list-row'><td style='width: 30%;'>".$text['label-service']."</td><td>".($health->is_ok() ? $text['label-answers'].' ('.escape($health->data['version'] ?? '').')' : $health->reason($text))."</td></tr>\n";
	echo "<tr class='list-row'><td>".$text['label-token']."</td><td>".($current->is_ok() ? $text['label-accepted'] : $current->reason($text))."</td></tr>\n";
	echo "<tr class='list-row'><td>".$text['label-scripts']."</td><td>".(is_file(($settings->get('switch', 'scripts', '') ?: $config->get('switch.scripts.dir', '')).'/app/voice_secretary/index.lua') ? $text['label-installed'] : $text['message-scripts_missing'])."</td></tr>\n";
	echo "</table></div><br />\n";

	if ($may_edit_pbx) {
		echo "<form method='post'>\n<input type='hidden' name='section' value='pbx'>\n".voice_page::token_field();
		echo "<div class='card'><b>".$text['label-settings_pbx']."</b><br />".$text['description-settings_pbx']."<br /><br />\n<table width='100%' border='0' cellpadding='0' cellspacing='0'>\n";
		echo voice_form::row($text['label-service_url'], voice_form::text('service_url', $configured['service_url'] ?? '', ['placeholder' => 'http://127.0.0.1:8100']), $text['description-service_url']);
		echo voice_form::row($text['label-pbx_api_key'], voice_form::secret('pbx_api_key', $has_token && !$has_domain_token, $text), $text['description-pbx_api_key']);
		echo voice_form::row($text['label-bridge_url'], voice_form::text('bridge_url', $configured['bridge_url'] ?? '', ['placeholder' => 'https://voice.example.com']), $text['description-bridge_url']);
		echo "</table>".button::create(['type' => 'submit', 'label' => $text['button-save'], 'icon' => $settings->get('theme', 'button_icon_save'), 'id' => 'btn_save_pbx', 'style' => 'float: right;'])."<div style='clear: both;'></div></div>\n</form><br />\n";
	}

	if ($may_edit) {
		echo "<form method='post'>\n<input type='hidden' name='section' value='domain'>\n".voice_page::token_field();
		echo "<div class='card'><b>".$text['label-settings_domain']."</b><br /><br />\n<table width='100%' border='0' cellpadding='0' cellspacing='0'>\n";
		echo voice_form::row($text['label-domain_api_key'], voice_form::secret('domain_api_key', $has_domain_token, $text), $text['description-domain_api_key']);
		if ($has_domain_token) {
			echo voice_form::row($text['label-forget_domain_api_key'], voice_form::toggle('forget_domain_api_key', false, $text));
		}
		echo "</table>".button::create(['type' => 'submit', 'label' => $text['button-save'], 'icon' => $settings->get('theme', 'button_icon_save'), 'id' => 'btn_save_domain', 'style' => 'float: right;'])."<div style='clear: both;'></div></div>\n</form><br />\n";
	}

	echo "<form method='post'>\n<input type='hidden' name='section' value='tenant'>\n".voice_page::token_field();
	echo "<div class='card'><b>".$text['label-settings_tenant']."</b><br /><br />\n";
	voice_page::noticed($current, $text);
	echo "<table width='100%' border='0' cellpadding='0' cellspacing='0'>\n";
	echo voice_form::row($text['label-retention_days'], voice_form::number('retention_days', $voice_settings->retention_days() ?? 90, 1, 3650), $text['description-retention_days']);
	if ($current->is_ok()) {
		echo voice_form::row($text['label-time_zone'], voice_form::select('time_zone', array_combine(DateTimeZone::listIdentifiers(), DateTimeZone::listIdentifiers()), $current->data['time_zone'] ?? ''));
		echo voice_form::row($text['label-country'], voice_form::text('country', $current->data['country'] ?? '', ['maxlength' => '2', 'pattern' => '[A-Za-z]{2}', 'style' => 'width: 80px; min-width: 80px;']), $text['description-country']);
		foreach ($own as $name => [$least, $most]) {
			echo voice_form::row($text['label-'.$name], voice_form::number($name, $current->data[$name] ?? '', $least, $most), $text['description-'.$name]);
		}
		foreach ($operators as $name => [$least, $most]) {
			$value = $current->data[$name] ?? '';
			echo voice_form::row($text['label-'.$name], $may_edit_pbx ? voice_form::number($name, $value, $least, $most) : escape((string) $value), $may_edit_pbx ? $text['description-operators'] : '');
		}
	}
	echo "</table>";
	if ($may_edit) {
		echo button::create(['type' => 'submit', 'label' => $text['button-save'], 'icon' => $settings->get('theme', 'button_icon_save'), 'id' => 'btn_save_tenant', 'style' => 'float: right;']);
	}
	echo "<div style='clear: both;'></div></div>\n</form>\n";

//include the footer
	require_once "resources/footer.php";

?>
