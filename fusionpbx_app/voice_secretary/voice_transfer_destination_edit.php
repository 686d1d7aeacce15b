<?php

//includes files
	require_once dirname(__DIR__, 2) . "/resources/require.php";
	require_once "resources/check_auth.php";

//check permissions
	voice_page::require_permission('voice_transfer_destination_add', 'voice_transfer_destination_edit');

//add multi-lingual support
	$language = new text;
	$text = $language->get();

//the destination of this domain that is edited, or none: it is new
	$stored = voice_rows::find($database, 'voice_transfer_destinations', $_REQUEST['id'] ?? null, $domain_uuid);
	if (!permission_exists($stored === null ? 'voice_transfer_destination_add' : 'voice_transfer_destination_edit') || (!empty($_REQUEST['id']) && $stored === null)) {
		message::add($text['message-not_found'], 'negative');
		voice_page::go('voice_transfer_destinations.php');
	}

//what may be chosen
	$destination = new destinations;
	$offered = voice_transfers::offered($destination->all('dialplan'), $_SESSION['domain_name']);
	$secretaries = voice_rows::secretaries($database, $domain_uuid);

//save what was posted
	$problems = [];
	$row = $stored ?? ['destination_name' => '', 'destination_aliases' => '[]', 'destination_kind' => 'extension', 'destination_number' => '', 'destination_order' => '100', 'destination_enabled' => 'true', 'destination_description' => '', 'voice_secretary_uuid' => ''];
	if (!empty($_POST)) {
		voice_page::require_genuine($text, 'voice_transfer_destinations.php');
		$picked = voice_form::posted($_POST, 'destination_picked');
		$external = preg_replace('/[\s().\-]/', '', voice_form::posted($_POST, 'destination_external', 40));
		$row = [
			'voice_transfer_destination_uuid' => $stored['voice_transfer_destination_uuid'] ?? uuid(),
			'domain_uuid' => $domain_uuid,
			'voice_secretary_uuid' => voice_form::posted_choice($_POST, 'voice_secretary_uuid', array_keys($secretaries), ''),
			'destination_name' => voice_form::posted($_POST, 'destination_name'),
			'destination_aliases' => json_encode(voice_form::posted_lines($_POST, 'destination_aliases', 20), JSON_UNESCAPED_UNICODE),
			'destination_kind' => 'external',
			'destination_number' => $external,
			'destination_order' => (string) voice_form::posted_number($_POST, 'destination_order', 0, 100000, 100),
			'destination_enabled' => voice_form::posted_choice($_POST, 'destination_enabled', ['true', 'false'], 'false'),
			'destination_description' => voice_form::posted($_POST, 'destination_description', 1000),
		];
		if (isset($offered[$picked])) {
			$row['destination_kind'] = $offered[$picked]['kind'];
			$row['destination_number'] = $offered[$picked]['number'];
		}
		elseif ($picked !== '') {
			$problems[] = $text['message-destination_unknown'];
		}
		elseif (!voice_transfers::is_external($external)) {
			$problems[] = $text['message-destination_needed'];
		}
		if (!preg_match('/[\p{L}\p{N}]/u', $row['destination_name'])) {
			$problems[] = $text['message-required'].' '.$text['label-name'];
		}
		$sql = "select count(*) from v_voice_transfer_destinations where domain_uuid = :domain_uuid ";
		$sql .= "and lower(destination_name) = lower(:name) and voice_transfer_destination_uuid <> :own_uuid ";
		if ((int) $database->select($sql, ['domain_uuid' => $domain_uuid, 'name' => $row['destination_name'], 'own_uuid' => $row['voice_transfer_destination_uuid']], 'column') > 0) {
			$problems[] = $text['message-name_taken'];
		}
		if (empty($problems)) {
			$before = $stored === null ? [] : ['voice_transfer_destinations' => [$stored['voice_transfer_destination_uuid'] => $stored]];
			if (voice_rows::save($database, ['voice_transfer_destinations' => [$row]], $before)) {
				message::add($text[$stored === null ? 'message-add' : 'message-update']);
				voice_page::go('voice_transfer_destinations.php');
			}
			$problems[] = $text['message-not_saved'];
		}
	}

//include header
	$document['title'] = $text['title-voice_transfer_destination'];
	require_once "resources/header.php";
	voice_page::top($database, $text, 'voice_transfer_destinations.php');
	foreach ($problems as $problem) {
		voice_page::notice(escape($problem));
	}

//show the content
	$is_external = $row['destination_kind'] === 'external';
	$value = $is_external ? '' : voice_transfers::picked($offered, $row['destination_kind'], $row['destination_number']);
	echo "<form method='post' name='frm' id='frm' action='voice_transfer_destination_edit.php".($stored === null ? '' : '?id='.urlencode($stored['voice_transfer_destination_uuid']))."'>\n";
	echo "<div class='action_bar' id='action_bar'>\n";
	echo "	<div class='heading'><b>".$text['title-voice_transfer_destination']."</b></div>\n";
	echo "	<div class='actions'>\n";
	echo button::create(['type' => 'button', 'label' => $text['button-back'], 'icon' => $settings->get('theme', 'button_icon_back'), 'id' => 'btn_back', 'link' => 'voice_transfer_destinations.php']);
	echo button::create(['type' => 'submit', 'label' => $text['button-save'], 'icon' => $settings->get('theme', 'button_icon_save'), 'id' => 'btn_save', 'style' => 'margin-left: 15px;']);
	echo "	</div>\n";
	echo "	<div style='clear: both;'></div>\n";
	echo "</div>\n";
	if (!$is_external && $stored !== null && $value === '') {
		voice_page::notice($text['message-destination_gone'].' '.escape($row['destination_number']));
	}
	echo "<div class='card'>\n<table width='100%' border='0' cellpadding='0' cellspacing='0'>\n";
	echo voice_form::row($text['label-name'], voice_form::text('destination_name', $row['destination_name'], ['required' => 'required']), $text['description-destination_name'], true);
	echo voice_form::row($text['label-aliases'], voice_form::textarea('destination_aliases', implode("\n", array_filter(voice_rows::json($row['destination_aliases']), 'is_string')), 4000), $text['description-aliases']);
	echo voice_form::row($text['label-destination'], $destination->select('dialplan', 'destination_picked', $value), $text['description-destination'], true);
	echo voice_form::row($text['label-destination_external'], voice_form::text('destination_external', $is_external ? $row['destination_number'] : '', ['maxlength' => '40', 'inputmode' => 'tel', 'placeholder' => '+5511...']), $text['description-destination_external']);
	echo voice_form::row($text['label-secretary'], voice_form::select('voice_secretary_uuid', ['' => $text['label-all_secretaries']] + $secretaries, $row['voice_secretary_uuid']), $text['description-secretary']);
	echo voice_form::row($text['label-order'], voice_form::number('destination_order', (string) (int) $row['destination_order'], 0, 100000), $text['description-destination_order']);
	echo voice_form::row($text['label-enabled'], voice_form::toggle('destination_enabled', $row['destination_enabled'] === 'true', $text));
	echo voice_form::row($text['label-description'], voice_form::text('destination_description', $row['destination_description'], ['maxlength' => '1000']));
	echo "</table>\n</div>\n<br />\n";
	echo voice_page::token_field();
	echo "</form>\n";

//include the footer
	require_once "resources/footer.php";

?>
