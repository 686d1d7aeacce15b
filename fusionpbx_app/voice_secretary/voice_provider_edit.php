<?php

//includes files
	require_once dirname(__DIR__, 2) . "/resources/require.php";
	require_once "resources/check_auth.php";

//check permissions
	voice_page::require_permission('voice_provider_add', 'voice_provider_edit');

//add multi-lingual support
	$language = new text;
	$text = $language->get();

//the provider of this domain that is edited, or none: it is new
	$stored = voice_rows::find($database, 'voice_providers', $_REQUEST['id'] ?? null, $domain_uuid);
	if (!permission_exists($stored === null ? 'voice_provider_add' : 'voice_provider_edit') || (!empty($_REQUEST['id']) && $stored === null)) {
		message::add($text['message-not_found'], 'negative');
		voice_page::go('voice_providers.php');
	}
	$has_secret = !empty($stored['provider_secret']);
	unset($stored['provider_secret']);

//what there is, as the service knows it
	$service = new voice_service($database, $domain_uuid);
	$catalogue = $service->get('/providers/catalogue');
	$known = [];
	foreach ($catalogue->data['providers'] ?? [] as $entry) {
		if (!empty($entry['kind'])) {
			$known[$entry['kind'].':'.$entry['name']] = $entry;
		}
	}
	$chosen = $stored === null ? voice_form::posted_choice($_POST + $_GET, 'provider', array_keys($known), '') : $stored['provider_kind'].':'.$stored['provider_name'];
	$fields = voice_provider_fields::of($known[$chosen]['settings_schema'] ?? null);
	$provider_settings = $stored === null ? [] : voice_rows::json($stored['provider_settings']);

//save what was posted, through the service: it checks the settings and seals the key
	$problem = '';
	if (($_POST['action'] ?? '') === 'save' && isset($known[$chosen])) {
		voice_page::require_genuine($text, 'voice_providers.php');
		$provider_settings = voice_provider_fields::posted($_POST, $fields, $provider_settings);
		$secret = voice_form::posted($_POST, 'secret', 4000);
		$asked = [
			'kind' => $known[$chosen]['kind'],
			'name' => $known[$chosen]['name'],
			'label' => voice_form::posted($_POST, 'provider_label'),
			'settings' => (object) $provider_settings,
			'priority' => voice_form::posted_number($_POST, 'provider_priority', 0, 100000, 100),
			'enabled' => voice_form::posted_choice($_POST, 'provider_enabled', ['true', 'false'], 'true') === 'true',
		] + ($secret === '' ? [] : ['secret' => $secret]);
		$answer = $stored === null ? $service->post('/providers', $asked) : $service->put('/providers/'.$stored['voice_provider_uuid'], $asked);
		if ($answer->is_ok()) {
			message::add($text[$stored === null ? 'message-add' : 'message-update']);
			voice_page::go('voice_providers.php');
		}
		$problem = $answer->reason($text);
		$stored = ['provider_label' => $asked['label'], 'provider_priority' => $asked['priority'], 'provider_enabled' => $asked['enabled'] ? 'true' : 'false'] + ($stored ?? []);
	}
	$is_new = empty($stored['voice_provider_uuid']);

//include header
	$document['title'] = $text['title-voice_provider'];
	require_once "resources/header.php";
	voice_page::top($database, $text, 'voice_providers.php');
	voice_page::noticed($catalogue, $text);
	if ($problem !== '') {
		voice_page::notice($problem);
	}

//show the content
	echo "<form method='post' name='frm' id='frm' action='voice_provider_edit.php".($is_new ? '' : '?id='.urlencode($stored['voice_provider_uuid']))."'>\n";
	echo "<input type='hidden' name='action' id='action' value='save'>\n";
	echo "<div class='action_bar' id='action_bar'>\n";
	echo "	<div class='heading'><b>".$text['title-voice_provider']."</b></div>\n";
	echo "	<div class='actions'>\n";
	echo button::create(['type' => 'button', 'label' => $text['button-back'], 'icon' => $settings->get('theme', 'button_icon_back'), 'id' => 'btn_back', 'link' => 'voice_providers.php']);
	if (isset($known[$chosen])) {
		echo button::create(['type' => 'submit', 'label' => $text['button-save'], 'icon' => $settings->get('theme', 'button_icon_save'), 'id' => 'btn_save', 'style' => 'margin-left: 15px;']);
	}
	echo "	</div>\n";
	echo "	<div style='clear: both;'></div>\n";
	echo "</div>\n";
	echo $text['description-voice_provider_edit']."<br /><br />\n";

	echo "<div class='card'>\n<table width='100%' border='0' cellpadding='0' cellspacing='0'>\n";
	if ($is_new) {
		$options = ['' => ''];
		foreach ($known as $key => $entry) {
			$options[$key] = ($text['label-kind_'.$entry['kind']] ?? $entry['kind']).': '.$entry['name'].(empty($entry['unavailable']) ? '' : ' ('.$text['label-unavailable'].')');
		}
		echo voice_form::row($text['title-voice_provider'], voice_form::select('provider', $options, $chosen, ['onchange' => "document.location.href = 'voice_provider_edit.php?provider=' + encodeURIComponent(this.value);"]), $known[$chosen]['unavailable'] ?? '', true);
	}
	else {
		echo voice_form::row($text['title-voice_provider'], escape($text['label-kind_'.$stored['provider_kind']].': '.$stored['provider_name']));
	}
	if (isset($known[$chosen])) {
		echo voice_form::row($text['label-provider_label'], voice_form::text('provider_label', $stored['provider_label'] ?? ''), $text['description-provider_label']);
		if (!$known[$chosen]['local']) {
			echo voice_form::row($text['label-provider_secret'], voice_form::secret('secret', $has_secret, $text), $text['description-provider_secret'], $known[$chosen]['secret_required']);
		}
		foreach ($fields as $name => $field) {
			echo voice_provider_fields::row($name, $field, $provider_settings[$name] ?? null, $text);
		}
		echo voice_form::row($text['label-provider_priority'], voice_form::number('provider_priority', (string) (int) ($stored['provider_priority'] ?? 100), 0, 100000), $text['description-provider_priority']);
		echo voice_form::row($text['label-enabled'], voice_form::toggle('provider_enabled', ($stored['provider_enabled'] ?? 'true') === 'true', $text));
	}
	echo "</table>\n</div>\n<br />\n";
	echo voice_page::token_field();
	echo "</form>\n";

//include the footer
	require_once "resources/footer.php";

?>
