<?php

//includes files
	require_once dirname(__DIR__, 2) . "/resources/require.php";
	require_once "resources/check_auth.php";
	require_once "resources/paging.php";

//check permissions
	voice_page::require_permission('voice_secretary_view');
	$may_add = permission_exists('voice_secretary_add');
	$may_edit = permission_exists('voice_secretary_edit');
	$may_delete = permission_exists('voice_secretary_delete');

//add multi-lingual support
	$language = new text;
	$text = $language->get();

//set from the get parameters
	$show = ($_GET['show'] ?? '') === 'all' && permission_exists('voice_secretary_all') ? 'all' : '';
	$list = new voice_list(['secretary_name', 'secretary_extension', 'secretary_mode', 'published_version', 'secretary_enabled', 'secretary_description'], 'asc', ['show' => $show]);

//process the http post data by action
	if (!empty($_POST['action']) && isset($_POST['voice_secretaries'])) {
		voice_page::require_genuine($text, $list->url('voice_secretaries.php'));
		$secretaries = new voice_secretaries(['database' => $database, 'domain_uuid' => $domain_uuid, 'domain_name' => $_SESSION['domain_name']]);
		if ($_POST['action'] === 'copy' && $may_add) {
			$secretaries->copy($_POST['voice_secretaries'], $text['label-copy_suffix']) > 0 ? message::add($text['message-copy']) : message::add($text['message-not_saved'], 'negative');
		}
		if ($_POST['action'] === 'toggle' && $may_edit) {
			$secretaries->toggle($_POST['voice_secretaries']) > 0 ? message::add($text['message-toggle']) : message::add($text['message-number_taken'], 'negative');
		}
		if ($_POST['action'] === 'delete' && $may_delete) {
			$secretaries->delete($_POST['voice_secretaries']);
			message::add($text['message-delete']);
		}
		voice_page::go($list->url('voice_secretaries.php'));
	}

//get the list
	$parameters = [];
	$sql_where = "where ".($show === 'all' ? 'true ' : 'domain_uuid = :domain_uuid ');
	if ($show !== 'all') {
		$parameters['domain_uuid'] = $domain_uuid;
	}
	$sql_where .= $list->searched(['secretary_name', 'secretary_extension', 'secretary_description'], $parameters);
	$num_rows = (int) $database->select("select count(*) from v_voice_secretaries ".$sql_where, $parameters, 'column');
	$list->paged($settings, $num_rows);
	$sql = "select voice_secretary_uuid, domain_uuid, secretary_name, secretary_extension, secretary_mode, ";
	$sql .= "published_version, cast(secretary_enabled as text) as secretary_enabled, secretary_description, ";
	$sql .= "secretary_settings -> 'languages' ->> 0 as secretary_language ";
	$sql .= "from v_voice_secretaries ".$sql_where;
	$sql .= order_by($list->order_by, $list->order, 'secretary_name', 'asc', $list->order_by === 'secretary_extension' ? 'natural' : null);
	$sql .= limit_offset($list->rows_per_page, $list->offset);
	$rows = $database->select($sql, $parameters, 'all');
	$rows = is_array($rows) ? $rows : [];
	unset($sql, $parameters);

//include header
	$document['title'] = $text['title-voice_secretaries'];
	require_once "resources/header.php";
	voice_page::top($database, $text, 'voice_secretaries.php');

//show the content
	$buttons = '';
	if ($may_add) {
		$buttons .= button::create(['type' => 'button', 'label' => $text['button-add'], 'icon' => $settings->get('theme', 'button_icon_add'), 'id' => 'btn_add', 'link' => 'voice_secretary_edit.php']);
	}
	if ($show !== 'all' && permission_exists('voice_secretary_all')) {
		$buttons .= button::create(['type' => 'button', 'label' => $text['button-show_all'], 'icon' => $settings->get('theme', 'button_icon_all'), 'link' => '?show=all']);
	}
	$list->head($settings, $text, $text['title-voice_secretaries'], $num_rows, $buttons, array_keys(array_filter(['copy' => $may_add && $rows, 'toggle' => $may_edit && $rows, 'delete' => $may_delete && $rows])));
	echo $text['description-voice_secretaries']."\n<br /><br />\n";

	$has_checkbox = $may_add || $may_edit || $may_delete;
	$columns = $show === 'all' ? [[$text['label-domain'], "class='shrink'"]] : [];
	$list->table($columns + [
		'secretary_name' => [$text['label-secretary_name'], ''],
		'secretary_extension' => [$text['label-extension'], ''],
		10 => [$text['label-language'], "class='hide-sm-dn'"],
		'secretary_mode' => [$text['label-secretary_mode'], "class='hide-sm-dn'"],
		'published_version' => [$text['label-published_version'], "class='center'"],
		'secretary_enabled' => [$text['label-enabled'], "class='center'"],
		'secretary_description' => [$text['label-description'], "class='hide-sm-dn'"],
	], $has_checkbox, !empty($rows));
	foreach ($rows as $x => $row) {
		$link = '';
		if ($may_edit) {
			$link = "voice_secretary_edit.php?id=".urlencode($row['voice_secretary_uuid']);
			if ($row['domain_uuid'] != $domain_uuid && permission_exists('domain_select')) {
				$link .= '&domain_uuid='.urlencode($row['domain_uuid']).'&domain_change=true';
			}
		}
		echo "<tr class='list-row' href='".$link."'>\n";
		if ($has_checkbox) {
			echo voice_list::checkbox('voice_secretaries', $x, $row['voice_secretary_uuid']);
		}
		if ($show === 'all') {
			echo "	<td>".escape($_SESSION['domains'][$row['domain_uuid']]['domain_name'] ?? '')."</td>\n";
		}
		echo "	<td>".($link === '' ? '' : "<a href='".$link."'>").escape($row['secretary_name']).($link === '' ? '' : "</a>")."</td>\n";
		echo "	<td>".escape($row['secretary_extension'])."</td>\n";
		echo "	<td class='hide-sm-dn'>".escape($row['secretary_language'] ?? '')."</td>\n";
		echo "	<td class='hide-sm-dn'>".escape($text['label-mode_'.$row['secretary_mode']] ?? '')."</td>\n";
		echo "	<td class='center'>".($row['published_version'] === null ? $text['label-draft'] : escape((string) (int) $row['published_version']))."</td>\n";
		echo voice_list::enabled($x, (string) $row['secretary_enabled'], $may_edit, $text);
		echo "	<td class='description overflow hide-sm-dn'>".escape($row['secretary_description'] ?? '')."</td>\n";
		echo "</tr>\n";
	}
	$list->foot();

//include the footer
	require_once "resources/footer.php";

?>
