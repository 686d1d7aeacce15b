<?php

//includes files
	require_once dirname(__DIR__, 2) . "/resources/require.php";
	require_once "resources/check_auth.php";

//check permissions
	voice_page::require_permission('voice_webhook_add', 'voice_webhook_edit');

//add multi-lingual support
	$language = new text;
	$text = $language->get();

//the webhook of this domain that is edited, or none: it is new
	$stored = voice_rows::find($database, 'voice_webhooks', $_REQUEST['id'] ?? null, $domain_uuid);
	if (!permission_exists($stored === null ? 'voice_webhook_add' : 'voice_webhook_edit') || (!empty($_REQUEST['id']) && $stored === null)) {
		message::add($text['message-not_found'], 'negative');
		voice_page::go('voice_webhooks.php');
	}
	$webhook_uuid = $stored['voice_webhook_uuid'] ?? null;
	$has_token = !empty($stored['webhook_token']);
	unset($stored['webhook_token'], $stored['webhook_secret']);
	$service = new voice_service($database, $domain_uuid);
	$known_events = ['call_completed', 'ticket_requested'];
	$row = $stored ?? ['webhook_name' => '', 'webhook_kind' => voice_form::posted_choice($_GET, 'kind', ['standard', 'omniplay'], 'standard'), 'webhook_url' => '', 'webhook_events' => '[]', 'webhook_headers' => '{}', 'webhook_enabled' => 'true'];
	if ($stored === null && $row['webhook_kind'] === 'omniplay') {
		$row['webhook_name'] = 'OmniPlay';
	}
	$events = voice_rows::json($row['webhook_events']);
	$headers = voice_rows::json($row['webhook_headers']);

//a new signing secret
	if (($_POST['action'] ?? '') === 'rotate' && $webhook_uuid !== null) {
		voice_page::require_genuine($text, 'voice_webhooks.php');
		$answer = $service->post('/webhooks/'.$webhook_uuid.'/rotate-secret');
		if ($answer->is_ok()) {
			$_SESSION['voice_webhook_secret'] = (string) ($answer->data['secret'] ?? '');
			message::add($text['message-rotated']);
			voice_page::go('voice_webhooks.php');
		}
		message::add($answer->reason($text), 'negative', 8000);
		voice_page::go('voice_webhook_edit.php?id='.urlencode($webhook_uuid));
	}

//save what was posted, through the service: it seals the secrets
	$problem = '';
	if (($_POST['action'] ?? '') === 'save') {
		voice_page::require_genuine($text, 'voice_webhooks.php');
		$events = array_values(array_filter($known_events, function ($event) { return voice_form::posted_choice($_POST, 'event_'.$event, ['true', 'false'], 'false') === 'true'; }));
		$headers = [];
		foreach (voice_form::posted_lines($_POST, 'webhook_headers', 20, 600) as $line) {
			[$name, $value] = array_map('trim', explode(':', $line, 2) + [1 => '']);
			if ($name !== '' && strcasecmp($name, 'X-Company-Id') !== 0) {
				$headers[$name] = $value;
			}
		}
		$kind = voice_form::posted_choice($_POST, 'webhook_kind', ['standard', 'omniplay'], 'standard');
		$company = voice_form::posted($_POST, 'company_id', 100);
		if ($kind === 'omniplay' && $company !== '') {
			$headers['X-Company-Id'] = $company;
		}
		$row = ['webhook_name' => voice_form::posted($_POST, 'webhook_name'), 'webhook_kind' => $kind, 'webhook_url' => voice_form::posted($_POST, 'webhook_url', 2000), 'webhook_enabled' => voice_form::posted_choice($_POST, 'webhook_enabled', ['true', 'false'], 'true')];
		$token = voice_form::posted($_POST, 'webhook_token', 4000);
		$asked = ['name' => $row['webhook_name'], 'kind' => $kind, 'url' => $row['webhook_url'], 'events' => count($events) === count($known_events) ? [] : $events, 'headers' => (object) $headers, 'enabled' => $row['webhook_enabled'] === 'true'] + ($token === '' ? [] : ['token' => $token]);
		$answer = $webhook_uuid === null ? $service->post('/webhooks', $asked) : $service->put('/webhooks/'.$webhook_uuid, $asked);
		if ($answer->is_ok()) {
			if (!empty($answer->data['secret'])) {
				$_SESSION['voice_webhook_secret'] = (string) $answer->data['secret'];
			}
			message::add($text[$webhook_uuid === null ? 'message-add' : 'message-update']);
			voice_page::go('voice_webhooks.php');
		}
		$problem = $answer->reason($text);
	}

//include header
	$document['title'] = $text['title-voice_webhook'];
	require_once "resources/header.php";
	voice_page::top($database, $text, 'voice_webhooks.php');
	if ($problem !== '') {
		voice_page::notice($problem);
	}

//show the content
	$company = '';
	foreach ($headers as $name => $value) {
		if (strcasecmp((string) $name, 'X-Company-Id') === 0) {
			$company = (string) $value;
			unset($headers[$name]);
		}
	}
	$lines = array_map(function ($name, $value) { return $name.': '.$value; }, array_keys($headers), $headers);
	echo "<form method='post' name='frm' id='frm' action='voice_webhook_edit.php".($webhook_uuid === null ? '' : '?id='.urlencode($webhook_uuid))."'>\n";
	echo "<input type='hidden' name='action' id='action' value='save'>\n";
	echo "<div class='action_bar' id='action_bar'>\n";
	echo "	<div class='heading'><b>".$text['title-voice_webhook']."</b></div>\n";
	echo "	<div class='actions'>\n";
	echo button::create(['type' => 'button', 'label' => $text['button-back'], 'icon' => $settings->get('theme', 'button_icon_back'), 'id' => 'btn_back', 'link' => 'voice_webhooks.php']);
	if ($webhook_uuid !== null) {
		echo button::create(['type' => 'submit', 'label' => $text['button-rotate'], 'icon' => 'rotate', 'id' => 'btn_rotate', 'onclick' => "document.getElementById('action').value = 'rotate';"]);
	}
	echo button::create(['type' => 'submit', 'label' => $text['button-save'], 'icon' => $settings->get('theme', 'button_icon_save'), 'id' => 'btn_save', 'style' => 'margin-left: 15px;']);
	echo "	</div>\n";
	echo "	<div style='clear: both;'></div>\n";
	echo "</div>\n";
	echo $text['description-voice_webhook_edit']."<br /><br />\n";
	echo "<div class='card'>\n<table width='100%' border='0' cellpadding='0' cellspacing='0'>\n";
	echo voice_form::row($text['label-name'], voice_form::text('webhook_name', $row['webhook_name'], ['required' => 'required']), '', true);
	echo voice_form::row($text['label-type'], voice_form::select('webhook_kind', ['standard' => $text['label-webhook_standard'], 'omniplay' => $text['label-webhook_omniplay']], $row['webhook_kind'], ['onchange' => "document.getElementById('voice_omniplay').style.display = this.value === 'omniplay' ? '' : 'none';"]), $text['description-webhook_kind']);
	echo voice_form::row($text['label-url'], voice_form::text('webhook_url', $row['webhook_url'], ['type' => 'url', 'required' => 'required', 'maxlength' => '2000', 'placeholder' => 'https://', 'style' => 'width: 60%;']), $text['description-webhook_url'], true);
	echo "</table>\n<table width='100%' border='0' cellpadding='0' cellspacing='0' id='voice_omniplay'".($row['webhook_kind'] === 'omniplay' ? '' : " style='display: none;'").">\n";
	echo voice_form::row($text['label-company_id'], voice_form::text('company_id', $company, ['maxlength' => '100']), $text['description-company_id']);
	echo "</table>\n<table width='100%' border='0' cellpadding='0' cellspacing='0'>\n";
	foreach ($known_events as $event) {
		echo voice_form::row($text['label-event_'.$event], voice_form::toggle('event_'.$event, empty($events) || in_array($event, $events, true), $text), $text['description-event_'.$event]);
	}
	echo voice_form::row($text['label-webhook_token'], voice_form::secret('webhook_token', $has_token, $text), $text['description-webhook_token']);
	echo voice_form::row($text['label-webhook_headers'], voice_form::textarea('webhook_headers', implode("\n", $lines), 10000, 60), $text['description-webhook_headers']);
	echo voice_form::row($text['label-enabled'], voice_form::toggle('webhook_enabled', $row['webhook_enabled'] === 'true', $text));
	echo "</table>\n</div>\n<br />\n";
	echo voice_page::token_field();
	echo "</form>\n";

//include the footer
	require_once "resources/footer.php";

?>
