<?php

//includes files
	require_once dirname(__DIR__, 2) . "/resources/require.php";
	require_once "resources/check_auth.php";

//check permissions
	voice_page::require_permission('voice_secretary_edit');

//add multi-lingual support
	$language = new text;
	$text = $language->get();

//the secretary of this domain
	$secretary = voice_rows::find($database, 'voice_secretaries', $_GET['id'] ?? null, $domain_uuid);
	if ($secretary === null) {
		message::add($text['message-not_found'], 'negative');
		voice_page::go('voice_secretaries.php');
	}
	$secretary_uuid = $secretary['voice_secretary_uuid'];
	$own_url = 'voice_secretary_versions.php?id='.urlencode($secretary_uuid);

//a version of it that the page was asked for
	$sql = "select version_number, version_settings, version_note, insert_date from v_voice_secretary_versions ";
	$sql .= "where domain_uuid = :domain_uuid and voice_secretary_uuid = :secretary_uuid order by version_number desc ";
	$versions = $database->select($sql, ['domain_uuid' => $domain_uuid, 'secretary_uuid' => $secretary_uuid], 'all');
	$versions = is_array($versions) ? $versions : [];
	$by_number = array_column($versions, null, 'version_number');
	$asked = $by_number[voice_form::posted($_REQUEST, 'version', 9)] ?? null;

//process the http post
	if (!empty($_POST['action'])) {
		voice_page::require_genuine($text, $own_url);
		if ($_POST['action'] === 'publish' && $asked !== null) {
			$service = new voice_service($database, $domain_uuid);
			$answer = $service->post('/secretaries/'.$secretary_uuid.'/versions/'.(int) $asked['version_number'].'/publish');
			$answer->is_ok() ? message::add($text['message-rolled_back']) : message::add($answer->reason($text), 'negative', 8000);
		}
		if ($_POST['action'] === 'restore' && $asked !== null) {
			$secretaries = new voice_secretaries(['database' => $database, 'domain_uuid' => $domain_uuid, 'domain_name' => $_SESSION['domain_name']]);
			$row = array_intersect_key($secretary, array_flip(['secretary_name', 'secretary_extension', 'secretary_enabled', 'secretary_description']));
			$row['secretary_settings'] = $asked['version_settings'];
			$secretaries->save($row, $secretary) === null ? message::add($text['message-restored']) : message::add($text['message-not_saved'], 'negative');
		}
		voice_page::go($own_url);
	}

//include header
	$document['title'] = $text['title-voice_secretary_versions'];
	require_once "resources/header.php";
	voice_page::top($database, $text, 'voice_secretaries.php');

//show the content
	echo "<div class='action_bar' id='action_bar'>\n";
	echo "	<div class='heading'><b>".escape($secretary['secretary_name']).": ".$text['title-voice_secretary_versions']."</b><div class='count'>".count($versions)."</div></div>\n";
	echo "	<div class='actions'>".button::create(['type' => 'button', 'label' => $text['button-back'], 'icon' => $settings->get('theme', 'button_icon_back'), 'link' => 'voice_secretary_edit.php?id='.urlencode($secretary_uuid)])."</div>\n";
	echo "	<div style='clear: both;'></div>\n";
	echo "</div>\n";
	echo $text['description-voice_secretary_versions']."<br /><br />\n";

	echo "<form method='post' action='".escape($own_url)."'>\n";
	echo voice_page::token_field();
	echo "<input type='hidden' name='action' id='action' value=''><input type='hidden' name='version' id='version' value=''>\n";
	echo "<div class='card'><table class='list'>\n<tr class='list-header'><th>".$text['label-version']."</th><th>".$text['label-date']."</th><th>".$text['label-version_note']."</th><th></th></tr>\n";
	foreach ($versions as $version) {
		$number = (int) $version['version_number'];
		$is_published = (int) ($secretary['published_version'] ?? 0) === $number;
		echo "<tr class='list-row'>\n";
		echo "	<td><a href='".escape($own_url)."&version=".$number."'>".$number."</a>".($is_published ? " <b>".$text['label-published']."</b>" : '')."</td>\n";
		echo "	<td>".escape(voice_page::moment($settings, $version['insert_date']))."</td>\n";
		echo "	<td class='overflow'>".escape($version['version_note'] ?? '')."</td>\n";
		echo "	<td class='no-link right'>";
		if (!$is_published) {
			echo button::create(['type' => 'submit', 'label' => $text['button-roll_back'], 'icon' => 'clock-rotate-left', 'onclick' => "document.getElementById('action').value = 'publish'; document.getElementById('version').value = '".$number."';"]);
		}
		echo button::create(['type' => 'submit', 'label' => $text['button-restore_draft'], 'icon' => 'file-import', 'onclick' => "document.getElementById('action').value = 'restore'; document.getElementById('version').value = '".$number."';"]);
		echo "</td>\n</tr>\n";
	}
	echo "</table></div>\n</form>\n";

	if ($asked !== null) {
		$difference = voice_secretary_settings::difference(voice_rows::json($asked['version_settings']), voice_rows::json($secretary['secretary_settings']));
		echo "<br /><b>".$text['label-difference'].' '.(int) $asked['version_number']."</b><br /><br />\n";
		if (empty($difference)) {
			echo $text['label-no_difference'];
		}
		else {
			echo "<div class='card'><table class='list'>\n<tr class='list-header'><th>".$text['label-setting']."</th><th>".$text['label-version'].' '.(int) $asked['version_number']."</th><th>".$text['label-draft']."</th></tr>\n";
			foreach ($difference as $path => [$was, $is]) {
				echo "<tr class='list-row'><td>".escape($path)."</td><td class='voice_pre'>".voice_form::attribute($was)."</td><td class='voice_pre'>".voice_form::attribute($is)."</td></tr>\n";
			}
			echo "</table></div>\n";
		}
	}

//include the footer
	require_once "resources/footer.php";

?>
